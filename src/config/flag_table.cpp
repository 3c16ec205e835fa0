#include "config/flag_table.hpp"

namespace vmspawn {

FlagTable::FlagTable(const Language& language, CalledAs called) {
    for (const Setting& setting : language.settings()) {
        for (const Flag& flag : setting.flags)
            add({&flag, &setting, nullptr, nullptr}, called);
        if (called == CalledAs::systemd_vmspawn)
            for (const Flag& flag : setting.old_flags)
                add({&flag, &setting, nullptr, nullptr}, called);
    }
    for (const Section& section : language.sections())
        for (const Flag& flag : section.flags)
            add({&flag, nullptr, &section, nullptr}, called);
    for (const CommonFlag& common : language.common_flags())
        add({&common.flag, nullptr, nullptr, &common}, called);
    options_.push_back({nullptr, 0, nullptr, 0});
}

void FlagTable::add(TypedFlag row, CalledAs called) {
    const Flag& flag = *row.flag;
    if (called == CalledAs::systemd_vmspawn && flag.since == "new")
        return;
    const int has_argument = flag.form == Form::constant ? no_argument : required_argument;
    options_.push_back({flag.long_name.c_str(), has_argument, nullptr, first_answer_ + static_cast<int>(rows_.size())});
    if (flag.short_name != 0) {
        short_options_ += flag.short_name;
        if (has_argument == required_argument)
            short_options_ += ':';
    }
    rows_.push_back(row);
}

const TypedFlag* FlagTable::row(int answer) const {
    if (answer >= first_answer_)
        return static_cast<std::size_t>(answer - first_answer_) < rows_.size() ? &rows_[static_cast<std::size_t>(answer - first_answer_)]
                                                                               : nullptr;
    for (const TypedFlag& row : rows_)
        if (row.flag->short_name != 0 && row.flag->short_name == answer)
            return &row;
    return nullptr;
}

std::vector<std::string> FlagTable::starting_with(std::string_view prefix) const {
    std::vector<std::string> names;
    for (const TypedFlag& row : rows_)
        if (row.flag->long_name.starts_with(prefix))
            names.push_back(row.flag->long_name);
    return names;
}

}  // namespace vmspawn
