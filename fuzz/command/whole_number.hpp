// What an option accepts that counts or numbers something. CLI11's own checks reckon with floating point, and say so.
#pragma once

#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <charconv>
#include <cstdint>
#include <string>
#include <system_error>

namespace kvspec::fuzz {

// A whole number from `least` up, in decimal digits, that 64 bits can hold.
inline CLI::Validator whole_number(std::uint64_t least = 0) {
  const auto problem = [least](const std::string& text) -> std::string {
    std::uint64_t value = 0;
    const char* const end = text.data() + text.size();
    const std::from_chars_result read = std::from_chars(text.data(), end, value);
    if (read.ec == std::errc::result_out_of_range) return fmt::format("{} needs more than 64 bits", text);
    if (read.ec == std::errc{} && read.ptr == end && value >= least) return {};
    return fmt::format("\"{}\" is not a whole number from {} up", text, least);
  };
  return CLI::Validator(problem, fmt::format(">= {}", least));
}

}  // namespace kvspec::fuzz
