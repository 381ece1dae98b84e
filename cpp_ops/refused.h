// An argument that cannot be used. python/module.cpp turns it into the class of thermalsdk.errors it names.
#pragma once

#include <stdexcept>
#include <string>
#include <utility>

namespace thermal {

class Refused : public std::runtime_error {
  public:
    Refused(const char* error_class, const std::string& message, std::string hint)
        : std::runtime_error(message), error_class(error_class), hint(std::move(hint)) {}

    const char* error_class;
    std::string hint;
};

[[noreturn]] inline void refuse_label(int label, int classes) {
    throw Refused(
        "LabelError",
        "labels hold class " + std::to_string(label) + " of only " + std::to_string(classes) + " classes.",
        "Translate the class map to the bundle's classes first.");
}

}  // namespace thermal
