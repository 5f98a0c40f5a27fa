// Text that is safe to show or to store: UTF-8 that is well formed, hex digits, JSON string literals, and messages that
// stay on one line whatever the input was.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

namespace kvspec {

// The length in bytes of the well-formed UTF-8 sequence that starts at `at`, or 0 if there is none.
std::size_t utf8_sequence(std::string_view text, std::size_t at);

// The text with every byte that belongs to no well-formed sequence replaced by '?'.
std::string with_valid_utf8(std::string text);

// Appends a JSON string literal, quotes included. A byte that is not UTF-8 becomes U+FFFD: JSON cannot hold it.
void append_json_string(std::string& out, std::string_view text);

// At most max_bytes of the text, cut between characters; "..." marks a cut.
std::string cut(std::string_view text, std::size_t max_bytes);

// A JSON string literal of the cut text, for messages.
std::string quote(std::string_view text, std::size_t max_bytes = 60);

// One line of valid UTF-8 of at most max_bytes: control characters and line separators are shown as \u00HH and bytes
// that are not UTF-8 as \xHH, H being a hex digit.
std::string printable(std::string_view text, std::size_t max_bytes);

void append_hex(std::string& out, std::span<const std::uint8_t> bytes);

// The value of a lower-case hex digit, or -1. Upper case is refused, so that equal bytes have equal text.
int hex_digit(char c);

// Whether the text is an even number of lower-case hex digits.
bool is_hex(std::string_view text);

// The byte at position i of a text for which is_hex holds.
std::uint8_t hex_byte(std::string_view text, std::size_t i);

}  // namespace kvspec
