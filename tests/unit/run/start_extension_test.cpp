// More time for what takes long, and only for that.
#include "run/start_extension.hpp"

#include <gmock/gmock.h>

namespace vmspawn {
namespace {

using testing::ElementsAre;
using testing::IsEmpty;
using testing::SizeIs;

class Extending : public testing::Test {
protected:
    void after(std::chrono::milliseconds time) { now_ += time; }

    std::chrono::steady_clock::time_point now_;
    std::vector<std::string> told_;
    StartExtension extension_{[this](const std::string& state) { told_.push_back(state); }, [this] { return now_; }};
};

TEST_F(Extending, AShortStartAsksForNothing) {
    extension_.begins({});
    after(std::chrono::seconds(9));
    extension_.time_passes();
    extension_.came_up({});
    extension_.saw(MachineUp{});
    EXPECT_THAT(told_, IsEmpty());
}

TEST_F(Extending, ALongOneAsksAtEachStepButNotOftenerThanEachSecond) {
    after(std::chrono::seconds(10));
    extension_.time_passes();
    EXPECT_THAT(told_, ElementsAre("EXTEND_TIMEOUT_USEC=120000000"));
    after(std::chrono::milliseconds(500));
    extension_.came_up({});
    EXPECT_THAT(told_, SizeIs(1));
    after(std::chrono::milliseconds(500));
    extension_.begins({});
    EXPECT_THAT(told_, SizeIs(2));
    after(std::chrono::seconds(60));
    extension_.saw(GuestSaid{"STATUS", "Starting a thing"});
    EXPECT_THAT(told_, SizeIs(2)) << "the guest has no say in it";
    extension_.saw(MachineUp{});
    EXPECT_THAT(told_, SizeIs(3));
}

}  // namespace
}  // namespace vmspawn
