// Takes what the caller passed, before this process opens anything else or has a child.
#pragma once

#include "base/diagnostic.hpp"
#include "base/passed.hpp"
#include "base/result.hpp"

namespace vmspawn {

/// Those whose names vmspawn knows, closed on exec. The others are closed, each with a warning in `found`; of several of one name the
/// last one counts. LISTEN_FDS, LISTEN_PID and LISTEN_FDNAMES leave the environment.
PassedDescriptors take_passed(Diagnostics& found);

/// A copy of that one, which stays for a second start. EBADF: there is none.
Result<Fd> copy_passed(const PassedDescriptors& passed, const std::string& name);

}  // namespace vmspawn
