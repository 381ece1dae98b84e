// An argument that cannot be used. module.cpp turns it into the class of thermalsdk.errors that it names.
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

}  // namespace thermal
