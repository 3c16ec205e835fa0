// A value, or why one system call failed. For what a user can fix in a file or flag see diagnostic.hpp.
#pragma once

#include <optional>
#include <string>
#include <utility>
#include <variant>

namespace vmspawn {

/// `error` is an errno, never 0. `doing` says what was tried: "open /srv/a.raw". `detail`: a child's last words, a hint.
struct Failure {
    int error = 0;
    std::string doing;
    std::string detail;
};

/// "open /srv/a.raw: No such file or directory", then the detail on lines of their own.
std::string to_string(const Failure& failure);

/// Failure with the errno of the call that just failed.
Failure failed(std::string doing);

template <class T>
class [[nodiscard]] Result {
public:
    Result(T value) : state_(std::in_place_index<0>, std::move(value)) {}
    Result(Failure failure) : state_(std::in_place_index<1>, std::move(failure)) {}

    explicit operator bool() const { return state_.index() == 0; }
    T& operator*() & { return std::get<0>(state_); }
    const T& operator*() const& { return std::get<0>(state_); }
    T&& operator*() && { return std::get<0>(std::move(state_)); }
    T* operator->() { return &std::get<0>(state_); }
    const T* operator->() const { return &std::get<0>(state_); }
    [[nodiscard]] const Failure& failure() const { return std::get<1>(state_); }

private:
    std::variant<T, Failure> state_;
};

template <>
class [[nodiscard]] Result<void> {
public:
    Result() = default;
    Result(Failure failure) : failure_(std::move(failure)) {}

    explicit operator bool() const { return !failure_.has_value(); }
    [[nodiscard]] const Failure& failure() const { return *failure_; }

private:
    std::optional<Failure> failure_;
};

}  // namespace vmspawn
