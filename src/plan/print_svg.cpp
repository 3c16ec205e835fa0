// A plan as a picture: what needs nothing stands left, QEMU right, and an arrow leads from each thing to what uses it.
#include "base/text.hpp"
#include "plan/print.hpp"
#include "plan/print_parts.hpp"

#include <fmt/format.h>
#include <pugixml.hpp>

#include <algorithm>
#include <map>
#include <sstream>

namespace vmspawn {

namespace {

constexpr double letter_width = 7.3, line_height = 16;  ///< of the 12 px monospace font
constexpr double padding = 10, box_height = 2 * line_height + padding;
constexpr double row_gap = 14, column_gap = 90, margin = 24;
constexpr std::size_t longest_label = 34;

/// Light and dark as the reader has it; a kind of thing is told by its border too, not by its colour alone.
constexpr std::string_view style = R"(
svg { font: 12px monospace; background: #ffffff; }
.box { fill: #f4f4f4; stroke: #8a8a8a; }
.program { fill: #e3efff; stroke: #3568a8; stroke-width: 2; }
.socket { fill: #fff3dc; stroke: #a87a1f; stroke-dasharray: 5 3; }
.file { fill: #e9f6e6; stroke: #4b8a3f; }
.host { fill: #f3e8fb; stroke: #7a4aa0; stroke-dasharray: 2 2; }
.id { font-weight: bold; }
text { fill: #1c1c1c; }
.kind { fill: #555555; }
.edge { fill: none; stroke: #9a9a9a; }
#arrow path { fill: #9a9a9a; }
@media (prefers-color-scheme: dark) {
svg { background: #17181c; }
.box { fill: #2a2b30; stroke: #77787d; }
.program { fill: #1d324d; stroke: #7fb0ee; }
.socket { fill: #40331a; stroke: #dcb35c; }
.file { fill: #22361f; stroke: #86c779; }
.host { fill: #35253f; stroke: #c195e6; }
text { fill: #ececec; }
.kind { fill: #b4b4b4; }
.edge { stroke: #6d6e73; }
#arrow path { fill: #6d6e73; }
}
)";

struct Box {
    const Resource* resource = nullptr;
    std::string label, kind;
    std::size_t column = 0;
    double x = 0, y = 0, width = 0;
    double column_end = 0;  ///< right of all boxes of its column
};

struct ClassOf {
    std::string_view operator()(const Spawn&) const { return "box program"; }
    template <OneOf<MakeQmpSocket, MakeChannel, MakeTerminal, MakeTap, AskForTap, PickPort, CheckPorts, Listen, MakePair, MakeClient,
                    MakePipe, FillPipe, ClaimVsock, ListenVsock, ServeControl>
                  Socket>
    std::string_view operator()(const Socket&) const {
        return "box socket";
    }
    template <OneOf<OpenFile, TakePassed, KeepFile, KeepDirectory, MakeMemory, MakeScratch, MakeOverlay, UnpackKernel, WriteFile, LinkKey,
                    ClaimName>
                  File>
    std::string_view operator()(const File&) const {
        return "box file";
    }
    template <OneOf<MakeScope, RegisterMachine, MindSleep> Service>
    std::string_view operator()(const Service&) const {
        return "box host";
    }
};

class Picture {
public:
    explicit Picture(const Plan& plan) : plan_(plan), places_(places(plan)) {}

    std::string draw() {
        place_columns();
        order_columns();
        pugi::xml_node svg = document_.append_child("svg");
        svg.append_attribute("xmlns") = "http://www.w3.org/2000/svg";
        svg.append_attribute("width") = number(width_).c_str();
        svg.append_attribute("height") = number(height_).c_str();
        svg.append_attribute("viewBox") = fmt::format("0 0 {} {}", number(width_), number(height_)).c_str();
        add_text_element(svg, "title", "The plan of " + plan_.machine);
        add_text_element(svg, "style", std::string(style));
        add_arrow(svg.append_child("defs"));
        for (const Box& box : boxes_)
            for (const ResourceId& need : box.resource->needs)
                add_edge(svg, boxes_[index_.at(need)], box);
        for (const Box& box : boxes_)
            add_box(svg, box);
        std::ostringstream text;
        document_.save(text, " ");
        return text.str();
    }

private:
    const Plan& plan_;
    const Places places_;
    pugi::xml_document document_;
    std::vector<Box> boxes_;
    std::map<ResourceId, std::size_t> index_;
    std::vector<std::vector<std::size_t>> columns_;
    double width_ = 0, height_ = 0;

    static std::string number(double value) { return fmt::format("{:.0f}", value); }

    static pugi::xml_node add_text_element(pugi::xml_node parent, const char* name, const std::string& text) {
        pugi::xml_node node = parent.append_child(name);
        node.append_child(pugi::node_pcdata).set_value(text.c_str());
        return node;
    }

    /// One right of the last that it needs; QEMU, which comes last, by itself.
    void place_columns() {
        for (const Resource& resource : plan_.resources) {
            Box box{.resource = &resource,
                    .label = shortened(printable(resource.id), longest_label),
                    .kind = shortened(printable(kind_text(resource)), longest_label)};
            box.width = static_cast<double>(std::max(display_width(box.label), display_width(box.kind))) * letter_width + 2 * padding;
            for (const ResourceId& need : resource.needs)
                box.column = std::max(box.column, boxes_[index_.at(need)].column + 1);
            if (resource.id == plan_.qemu)
                box.column = std::max(box.column, columns_.size());
            columns_.resize(std::max(columns_.size(), box.column + 1));
            columns_[box.column].push_back(boxes_.size());
            index_[resource.id] = boxes_.size();
            boxes_.push_back(std::move(box));
        }
    }

    [[nodiscard]] double middle_of_needs(std::size_t at) const {
        const Box& box = boxes_[at];
        double sum = 0;
        for (const ResourceId& need : box.resource->needs)
            sum += boxes_[index_.at(need)].y;
        return box.resource->needs.empty() ? 0 : sum / static_cast<double>(box.resource->needs.size());
    }

    /// Each beside what it needs, so that few arrows cross.
    void order_columns() {
        double x = margin;
        std::size_t tallest = 0;
        for (const auto& column : columns_)
            tallest = std::max(tallest, column.size());
        const double full = static_cast<double>(tallest) * (box_height + row_gap) - row_gap;
        for (auto& column : columns_) {
            std::ranges::stable_sort(column, {}, [this](std::size_t at) { return middle_of_needs(at); });
            double widest = 0;
            double y = margin + (full - (static_cast<double>(column.size()) * (box_height + row_gap) - row_gap)) / 2;
            for (const std::size_t at : column) {
                boxes_[at].x = x;
                boxes_[at].y = y;
                y += box_height + row_gap;
                widest = std::max(widest, boxes_[at].width);
            }
            for (const std::size_t at : column)
                boxes_[at].column_end = x + widest;
            x += widest + column_gap;
        }
        width_ = x - column_gap + margin;
        height_ = full + 2 * margin;
    }

    static void add_arrow(pugi::xml_node definitions) {
        pugi::xml_node marker = definitions.append_child("marker");
        for (const auto& [name, value] : {std::pair("id", "arrow"),
                                          {"viewBox", "0 0 8 8"},
                                          {"refX", "8"},
                                          {"refY", "4"},
                                          {"markerWidth", "7"},
                                          {"markerHeight", "7"},
                                          {"orient", "auto"}})
            marker.append_attribute(name) = value;
        marker.append_child("path").append_attribute("d") = "M0 0 L8 4 L0 8 z";
    }

    static void add_edge(pugi::xml_node svg, const Box& from, const Box& to) {
        const double y = from.y + box_height / 2, end_y = to.y + box_height / 2, x = from.column_end;
        const double bend = std::min((to.x - x) / 2, column_gap);
        pugi::xml_node path = svg.append_child("path");
        path.append_attribute("class") = "edge";
        path.append_attribute("marker-end") = "url(#arrow)";
        path.append_attribute("d") =
            fmt::format("M{} {} H{} C{} {} {} {} {} {}", number(from.x + from.width), number(y), number(x), number(x + bend), number(y),
                        number(to.x - bend), number(end_y), number(to.x), number(end_y))
                .c_str();
    }

    /// What it is, who asked for it, and the reasons: shown when the pointer rests there.
    [[nodiscard]] std::string story(const Resource& resource) const {
        std::string text = printable(describe(resource.up, places_));
        if (!resource.because_key.empty())
            text += fmt::format("\nfor {}", printable(resource.because_key));
        for (const std::string& reason : resource.reasons)
            text += "\n- " + printable(reason);
        return text;
    }

    void add_box(pugi::xml_node svg, const Box& box) const {
        pugi::xml_node group = svg.append_child("g");
        add_text_element(group, "title", story(*box.resource));
        pugi::xml_node rectangle = group.append_child("rect");
        for (const auto& [name, value] : {std::pair("x", box.x), {"y", box.y}, {"width", box.width}, {"height", box_height}})
            rectangle.append_attribute(name) = number(value).c_str();
        rectangle.append_attribute("rx") = "4";
        rectangle.append_attribute("class") = std::string(std::visit(ClassOf(), box.resource->up)).c_str();
        add_line(group, box, box.label, "id", 1);
        add_line(group, box, box.kind, "kind", 2);
    }

    static void add_line(pugi::xml_node group, const Box& box, const std::string& text, const char* kind, int line) {
        pugi::xml_node node = add_text_element(group, "text", text);
        node.append_attribute("class") = kind;
        node.append_attribute("x") = number(box.x + padding).c_str();
        node.append_attribute("y") = number(box.y + line * line_height + 2).c_str();
    }
};

}  // namespace

std::string plan_svg(const Plan& plan) {
    return Picture(plan).draw();
}

}  // namespace vmspawn
