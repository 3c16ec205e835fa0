// What a machine shows: kept in a bounded transcript, and passed on to those who watch, none of whom can hold it back.
#include "run/live_output.hpp"

#include "run/channels.hpp"
#include "run/replay_filter.hpp"
#include "support.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <csignal>
#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

namespace vmspawn::test {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;
using testing::IsEmpty;

Fd opened(const std::filesystem::path& directory) {
    return Fd(open(directory.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
}

/// As "o:text", live as "l:".
std::vector<std::string> texts_of(EntryReader& reader) {
    std::vector<std::string> all;
    while (const auto entry = reader.take())
        all.push_back(static_cast<char>(entry->kind) + (":" + entry->bytes));
    return all;
}

std::vector<std::string> texts_of(std::string_view entries) {
    EntryReader reader;
    reader.feed(entries);
    return texts_of(reader);
}

TEST(LiveEntries, ComeInPieces) {
    const std::string bytes =
        packed(LiveEntry::Kind::output, 0x0102030405060708, std::string("a\0b", 3)) + packed(LiveEntry::Kind::live, 1, "");
    EntryReader reader;
    for (const char byte : bytes.substr(0, bytes.size() - 1)) {
        reader.feed({&byte, 1});
        if (const auto entry = reader.take()) {
            EXPECT_EQ(*entry, (LiveEntry{LiveEntry::Kind::output, 0x0102030405060708, std::string("a\0b", 3)}));
        }
    }
    reader.feed(bytes.substr(bytes.size() - 1));
    EXPECT_EQ(reader.take(), (LiveEntry{LiveEntry::Kind::live, 1, ""}));
    EXPECT_FALSE(reader.broken());
    reader.feed(entry_head(LiveEntry::Kind::output, 1, EntryReader::longest + 1));
    EXPECT_EQ(reader.take(), std::nullopt);
    EXPECT_TRUE(reader.broken());
}

TEST(Transcripts, KeepTheEnd) {
    const TemporaryDirectory directory;
    Transcript transcript(opened(directory.path()), 1000);
    EXPECT_EQ(read_transcript(directory.path()), "");
    for (int i = 0; i < 500; ++i)
        transcript.add(LiveEntry::Kind::output, 7, std::to_string(i));
    const auto kept = texts_of(transcript.content());
    EXPECT_EQ(kept.back(), "o:499");
    EXPECT_GT(kept.size(), 1000U / 20);
    EXPECT_LT(transcript.content().size(), 2100U);
    for (std::size_t i = 0; i < kept.size(); ++i)
        EXPECT_EQ(kept[i], "o:" + std::to_string(500 - kept.size() + i));
}

TEST(Transcripts, AreNewAtEachStart) {
    const TemporaryDirectory directory;
    Transcript(opened(directory.path())).add(LiveEntry::Kind::output, 1, "old");
    const Transcript transcript(opened(directory.path()));
    EXPECT_EQ(transcript.content(), "");
}

TEST(Transcripts, LoseOnlyWhatFindsNoRoom) {
    signal(SIGXFSZ, SIG_IGN);
    const TemporaryDirectory directory;
    Transcript transcript(opened(directory.path()));
    rlimit before{};
    getrlimit(RLIMIT_FSIZE, &before);
    const rlimit small{.rlim_cur = 100, .rlim_max = before.rlim_max};
    setrlimit(RLIMIT_FSIZE, &small);
    transcript.add(LiveEntry::Kind::output, 1, "first");
    transcript.add(LiveEntry::Kind::output, 2, std::string(200, 'x'));
    transcript.add(LiveEntry::Kind::output, 3, "third");
    setrlimit(RLIMIT_FSIZE, &before);
    transcript.add(LiveEntry::Kind::output, 4, "last");
    EXPECT_THAT(texts_of(transcript.content()), ElementsAre("o:first", "o:third", "o:last"));
    std::filesystem::remove_all(directory.path() / "transcript");
    transcript.add(LiveEntry::Kind::output, 5, "nowhere");
    EXPECT_EQ(transcript.content(), "");
}

TEST(Replays, AskTheTerminalNothing) {
    const auto replayed = [](std::string_view bytes) {
        ReplayFilter filter;
        const std::string shown = filter.pass(bytes);
        return shown + filter.rest();
    };
    EXPECT_EQ(replayed("a\033[6nb\033[cc\033[>0qd\033[?2026$pe\033[18tf"), "abcdef");
    EXPECT_EQ(replayed("\033]11;?\033\\a\033]10;?\ab\033P+q544e\033\\c\033Zd\005e"), "abcde");
    constexpr std::string_view harmless = "\033[1;32mgreen\033[0m\033[2J\033[H\033]0;title\a\033[?25l\033(B\0337\033[4 q\033[!p\r\n";
    EXPECT_EQ(replayed(harmless), harmless);
    EXPECT_EQ(replayed("\033[1\033[6n"), "\033[1") << "a sequence breaks another off";
    ReplayFilter pieces;
    std::string shown = pieces.pass("x\033[");
    shown += pieces.pass("6");
    shown += pieces.pass("ny");
    EXPECT_EQ(shown, "xy");
    const std::string endless = "\033]" + std::string(10000, 'x');
    EXPECT_EQ(replayed(endless), endless);
}

class Live : public testing::Test {
protected:
    void SetUp() override { signal(SIGPIPE, SIG_IGN); }
    /// The other end of a watcher's connection.
    Fd watch(LiveWatcher::Powers powers = {}) {
        SocketPair pair = *make_socket_pair();
        fcntl(pair.theirs.get(), F_SETFL, O_NONBLOCK);
        live_.admit(
            std::move(pair.ours), powers,
            {.typed = [this](const std::string& bytes) { log_.push_back("typed " + bytes); },
             .key = [this](HotKey key) { log_.push_back("key " + std::to_string(static_cast<int>(key))); },
             .resized = [this](TerminalSize size) { log_.push_back(std::to_string(size.rows) + "x" + std::to_string(size.columns)); }});
        return std::move(pair.theirs);
    }
    void say(const Fd& watcher, LiveEntry::Kind kind, std::string_view bytes) {
        const std::string entry = packed(kind, 0, bytes);
        ASSERT_EQ(send(watcher.get(), entry.data(), entry.size(), MSG_NOSIGNAL), static_cast<ssize_t>(entry.size()));
        settle(loop_);
    }
    /// What has come; at the end "END".
    std::vector<std::string> heard(const Fd& watcher) {
        EntryReader reader;
        return heard(watcher, reader);
    }
    /// The same, where entries come in pieces.
    std::vector<std::string> heard(const Fd& watcher, EntryReader& reader) {
        std::string bytes(1 << 20, '\0');
        ssize_t size = 0;
        while ((size = read(watcher.get(), bytes.data(), bytes.size())) > 0)
            reader.feed({bytes.data(), static_cast<std::size_t>(size)});
        std::vector<std::string> all = texts_of(reader);
        if (size == 0)
            all.emplace_back("END");
        return all;
    }

    TemporaryDirectory directory_;
    EventLoop loop_;
    Fd nowhere_{open("/dev/null", O_WRONLY | O_CLOEXEC)};
    Messages messages_{RunOptions{.quiet = true}, nowhere_.get()};
    LiveOutput live_{loop_, messages_, opened(directory_.path())};
    std::vector<std::string> log_;
};

TEST_F(Live, IsKeptAndReplayedAndGoesOn) {
    live_.guest_spoke("before");
    messages_.status("said", "more");
    const Fd first = watch();
    const Fd second = watch();
    live_.guest_spoke("after");
    messages_.warning("careful");
    for (const Fd* watcher : {&first, &second})
        EXPECT_THAT(heard(*watcher), ElementsAre("o:before", "m:6said\nmore", "l:", "o:after", "m:4careful"));
    live_.end();
    EXPECT_THAT(heard(first), ElementsAre("e:", "END"));
    EXPECT_THAT(texts_of(read_transcript(directory_.path())), ElementsAre("o:before", "m:6said\nmore", "o:after", "m:4careful"));
}

TEST_F(Live, WatchersTypeAndTellTheirSize) {
    const Fd watcher = watch();
    say(watcher, LiveEntry::Kind::typed, "ls\n");
    say(watcher, LiveEntry::Kind::size, "40 132");
    say(watcher, LiveEntry::Kind::size, "no numbers");
    say(watcher, LiveEntry::Kind::typed, "\x1d\x1dp");
    EXPECT_THAT(log_, ElementsAre("typed ls\n", "40x132", "0x0", "typed \x1d\x1d", "key 1"));
}

TEST_F(Live, KeysLeaveItAlone) {
    const Fd watcher = watch();
    const Fd other = watch({.types = false, .keys = EscapeKeys::Scope::detaching});
    say(watcher, LiveEntry::Kind::typed, "\x1d\x1d]lost");
    EXPECT_THAT(heard(watcher), ElementsAre("l:", "d:", "END"));
    say(other, LiveEntry::Kind::typed, "unheard\x1d\x1d\x1d\x1d\x1dp");
    live_.guest_spoke("still here");
    EXPECT_THAT(heard(other), ElementsAre("l:", "o:still here"));
    say(other, LiveEntry::Kind::typed, "\x1d\x1d]");
    EXPECT_THAT(heard(other), ElementsAre("d:", "END"));
    EXPECT_THAT(log_, ElementsAre("typed \x1d\x1dlost"));
}

TEST_F(Live, WhoDoesNotReadMissesOutputAndIsTold) {
    const Fd slow = watch();
    const Fd quick = watch();
    std::size_t seen = 0;
    const std::string piece(16384, 'x');
    constexpr int pieces = 2000;  // far more than waits for anybody
    for (int i = 0; i < pieces; ++i) {
        live_.guest_spoke(piece);
        seen += heard(quick).size();
    }
    EXPECT_EQ(seen, pieces + 1U) << "the slow one is not in its way";
    std::vector<std::string> all;
    EntryReader reader;
    for (int i = 0; i < 500 && (all.empty() || all.back().find("came faster") == std::string::npos); ++i) {
        settle(loop_);
        for (const std::string& text : heard(slow, reader))
            all.push_back(text);
    }
    ASSERT_THAT(all.back(), HasSubstr("bytes came faster than they were read"));
    EXPECT_LT(all.size(), 1000U);
    live_.guest_spoke("it keeps up again");
    EXPECT_THAT(heard(slow), ElementsAre("o:it keeps up again"));
}

TEST_F(Live, WhoGoesOrTalksNonsenseIsGoneAlone) {
    Fd gone = watch();
    const Fd nonsense = watch();
    const Fd good = watch();
    gone.reset();
    say(nonsense, LiveEntry::Kind::typed, "");
    const std::string bytes(64, '\xFF');
    ASSERT_GT(send(nonsense.get(), bytes.data(), bytes.size(), MSG_NOSIGNAL), 0);
    settle(loop_);
    live_.guest_spoke("on it goes");
    live_.guest_spoke("and on");
    EXPECT_THAT(heard(good), ElementsAre("l:", "o:on it goes", "o:and on"));
    EXPECT_EQ(heard(nonsense).back(), "END");
    EXPECT_THAT(log_, IsEmpty());
}

TEST_F(Live, OneTooManyIsTurnedAway) {
    std::vector<Fd> watchers;
    for (std::size_t i = 0; i < LiveOutput::most_watchers; ++i)
        watchers.push_back(watch());
    EXPECT_THAT(heard(watch()), ElementsAre("END"));
    watchers.pop_back();
    settle(loop_);
    EXPECT_THAT(heard(watch()), ElementsAre("l:"));
}

}  // namespace
}  // namespace vmspawn::test
