// Definitions for tests: from text and flags to merged values, without a file system.
#pragma once

#include "config/arguments.hpp"
#include "config/decode.hpp"
#include "config/validate.hpp"

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

namespace vmspawn {

/// Where the tests' definitions are thought to be, and whence they are called.
inline const PathBase test_base{"/cwd", "/home/ann"};

/// `text` is the file /srv/vm/dev.vmspawn; empty: no definition, flags alone.
inline Merged merged(const std::string& text, const std::vector<std::string>& flags = {}) {
    Diagnostics found;
    Layers layers;
    if (!text.empty()) {
        const auto source = std::make_shared<const Source>(Source{"dev.vmspawn", "/srv/vm/dev.vmspawn", text});
        const auto document = parse_document(source, found);
        if (document) {
            validate(language(), document->root, found);
            layers.trees = {document->root};
        }
        layers.file = source->path;
        layers.name = source->name;
    }
    std::vector<const char*> argv{"vmspawn", "show"};
    for (const std::string& flag : flags)
        argv.push_back(flag.c_str());
    Merged values = merge(language(), std::move(layers), parse_arguments(language(), argv, found), found);
    for (const Diagnostic& problem : found)
        ADD_FAILURE() << problem.summary << " (" << problem.hint << ") at " << to_string(problem.at);
    return values;
}

struct Read {
    Machine machine;
    std::vector<std::string> problems;
};
inline Read read(const std::string& text, const std::vector<std::string>& flags = {}) {
    Diagnostics found;
    Read out{decode(merged(text, flags), test_base, found).machine, {}};
    for (const Diagnostic& problem : found)
        out.problems.push_back(problem.summary);
    return out;
}

/// Says every key of the language. It breaks rules (a machine has one root), which its readers do not mind.
inline constexpr std::string_view full_definition = R"(
name = "full"
uuid = "4f1e2f3a6d0b4b0e9d1c7a5a3c2b1d0e"
description = "everything"
arch = "aarch64"
cpus = 4
ram = "4G"
ram-max = 17179869184
ram-slots = 3
kvm = false
smbios = ["a=b", "c"]
ready = { notify = false, timeout = "1min 30s" }
[image]
path = "disk.raw"
directory = "../tree/"
format = "qcow2"
backing = ["/srv/base.raw"]
disk-type = "nvme"
discard = false
grow = 5000
ephemeral = true
private-users = "100000:1000"
cache = "never"
[boot]
linux = "~/vmlinuz"
initrd = ["a.cpio", "/b.cpio"]
cmdline = ["quiet", "x=\"1 2\""]
unpack = false
firmware = "./fw.json"
firmware-features = ["secure-boot", "~enrolled-keys"]
secure-boot = true
nvram-template = "vars.fd"
nvram-state = "../state"
confidential = "tdx"
[tpm]
enabled = true
state = "~/tpm"
[vsock]
enabled = false
cid = 4294967294
backend = "user"
[network.lan]
kind = "tap"
backend = "qemu"
forward = ["8080:80", "[::1]:0:22/udp", "9000-9002:90-92"]
mac = "52:54:00:12:34:56"
[mount."a b"]
cache = "always"
source = "."
target = "/work"
read-only = true
[drive.data]
path = "data.qcow2"
format = "qcow2"
backing = ["../b.raw"]
disk-type = "scsi-cd"
read-only = true
discard = false
boot-order = 0
[users]
bind = ["ann", "bob", "ann"]
shell = "/bin/sh"
groups = ["wheel", "wheel"]
[credentials]
text = "v\n\u00e4"
"a.file" = { file = "key.pub" }
bytes = { base64 = "AP/+" }
[ssh]
pass-key = false
key-type = "rsa"
[journal]
forward = "guest.journal"
max-use = "1G"
keep-free = 0
max-file-size = "10M"
max-files = 7
[console]
mode = "headless"
transport = "serial"
background = "44"
log = "console.log"
[unit]
register = true
slice = "vm.slice"
properties = ["MemoryMax=1G"]
keep = true
scope = "user"
[qemu]
binary = "/opt/qemu"
cpu = "host,-avx"
legacy-devices = true
hotplug-ports = 3
extra = ["-d", "guest_errors"]
)";
}  // namespace vmspawn
