#include "plan/action.hpp"

namespace vmspawn {

namespace {

struct PieceText {
    std::string operator()(const std::string& text) const { return text; }
    std::string operator()(const Late& late) const { return "<" + late.resource + ":" + std::string(to_word(late.what)) + ">"; }
};

struct KindOf {
    std::string_view operator()(const ClaimName&) const { return "claim"; }
    std::string_view operator()(const MakeMemory&) const { return "memory"; }
    std::string_view operator()(const OpenFile&) const { return "open"; }
    std::string_view operator()(const KeepFile&) const { return "keep"; }
    std::string_view operator()(const MakeScratch&) const { return "scratch"; }
    std::string_view operator()(const MakeOverlay&) const { return "overlay"; }
    std::string_view operator()(const UnpackKernel&) const { return "unpack"; }
    std::string_view operator()(const WriteFile&) const { return "write"; }
    std::string_view operator()(const LinkKey&) const { return "link"; }
    std::string_view operator()(const TakePassed&) const { return "passed"; }
    std::string_view operator()(const MakePipe&) const { return "pipe"; }
    std::string_view operator()(const FillPipe&) const { return "fill"; }
    std::string_view operator()(const MakeTap&) const { return "make"; }
    std::string_view operator()(const AskForTap&) const { return "ask"; }
    std::string_view operator()(const ClaimVsock&) const { return "claim"; }
    std::string_view operator()(const ListenVsock&) const { return "listen"; }
    std::string_view operator()(const MakeQmpSocket&) const { return "socketpair"; }
    std::string_view operator()(const MakeChannel&) const { return "channel"; }
    std::string_view operator()(const MakeTerminal&) const { return "terminal"; }
    std::string_view operator()(const PickPort&) const { return "port"; }
    std::string_view operator()(const CheckPorts&) const { return "port"; }
    std::string_view operator()(const Listen&) const { return "listen"; }
    std::string_view operator()(const MakePair&) const { return "pair"; }
    std::string_view operator()(const MakeClient&) const { return "client"; }
    std::string_view operator()(const KeepDirectory&) const { return "directory"; }
    std::string_view operator()(const MakeScope&) const { return "scope"; }
    std::string_view operator()(const ServeControl&) const { return "serve"; }
    std::string_view operator()(const RegisterMachine&) const { return "register"; }
    std::string_view operator()(const MindSleep&) const { return "mind"; }
    std::string_view operator()(const Spawn&) const { return "spawn"; }
};

}  // namespace

std::string_view to_word(Late::What what) {
    switch (what) {
        case Late::What::fd:
            return "fd";
        case Late::What::path:
            return "path";
        case Late::What::chardev:
            return "chardev";
        case Late::What::port:
            return "port";
        case Late::What::cid:
            return "cid";
        case Late::What::name:
            return "name";
        case Late::What::netdev:
            return "netdev";
    }
    return "";
}

std::string_view to_word(Critical critical) {
    switch (critical) {
        case Critical::always:
            return "always";
        case Critical::until_ready:
            return "until-ready";
        case Critical::never:
            return "never";
    }
    return "";
}

std::string to_string(const CheckPorts& ports) {
    return std::to_string(ports.first) + (ports.count == 1 ? "" : "-" + std::to_string(ports.first + ports.count - 1));
}

std::string to_string(const Word& word) {
    std::string text;
    for (const auto& part : word.parts)
        text += std::visit(PieceText{}, part);
    return text;
}

std::string_view kind_of(const Action& action) {
    return std::visit(KindOf{}, action);
}

}  // namespace vmspawn
