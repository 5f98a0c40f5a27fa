#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

constexpr char hex_digits[] = "0123456789abcdef";

std::uint8_t byte_at(std::string_view text, std::size_t at) { return static_cast<std::uint8_t>(text[at]); }

void append_unicode_escape(std::string& out, unsigned code) {
  out += "\\u";
  for (int shift = 12; shift >= 0; shift -= 4) out += hex_digits[(code >> shift) & 0xF];
}

// The code point of a well-formed sequence that must not stand raw in one line of text: C0, DEL, C1 and the two Unicode
// line separators; 0 for every other one. NUL never comes here.
unsigned needs_escape(std::string_view sequence) {
  const std::uint8_t first = byte_at(sequence, 0);
  if (sequence.size() == 1) return first < 0x20 || first == 0x7F ? first : 0;
  if (sequence.size() == 2 && first == 0xC2 && byte_at(sequence, 1) < 0xA0) return byte_at(sequence, 1);
  if (sequence == "\xE2\x80\xA8") return 0x2028;
  if (sequence == "\xE2\x80\xA9") return 0x2029;
  return 0;
}

void append_control(std::string& out, unsigned code) {
  switch (code) {
    case '\n':
      out += "\\n";
      return;
    case '\r':
      out += "\\r";
      return;
    case '\t':
      out += "\\t";
      return;
    default:
      append_unicode_escape(out, code);
      return;
  }
}

// Appends the text with control characters escaped; a byte that is not UTF-8 goes to invalid(byte).
template <class Invalid>
void append_escaped(std::string& out, std::string_view text, bool escape_quotes, Invalid&& invalid) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text, at);
    if (length == 0) {
      invalid(byte_at(text, at++));
      continue;
    }
    const std::string_view sequence = text.substr(at, length);
    at += length;
    if (sequence[0] == '\0') {
      append_unicode_escape(out, 0);
    } else if (const unsigned code = needs_escape(sequence)) {
      append_control(out, code);
    } else {
      if (escape_quotes && (sequence[0] == '"' || sequence[0] == '\\')) out += '\\';
      out += sequence;
    }
  }
}

}  // namespace

std::size_t utf8_sequence(std::string_view text, std::size_t at) {
  const std::uint8_t first = byte_at(text, at);
  if (first < 0x80) return 1;
  std::size_t length = 0;
  std::uint8_t low = 0x80;  // bounds of the second byte: no overlong forms, no surrogates, nothing above U+10FFFF
  std::uint8_t high = 0xBF;
  if (first >= 0xC2 && first <= 0xDF) {
    length = 2;
  } else if (first >= 0xE0 && first <= 0xEF) {
    length = 3;
    if (first == 0xE0) low = 0xA0;
    if (first == 0xED) high = 0x9F;
  } else if (first >= 0xF0 && first <= 0xF4) {
    length = 4;
    if (first == 0xF0) low = 0x90;
    if (first == 0xF4) high = 0x8F;
  } else {
    return 0;
  }
  if (text.size() - at < length) return 0;
  if (byte_at(text, at + 1) < low || byte_at(text, at + 1) > high) return 0;
  for (std::size_t i = 2; i < length; ++i) {
    if ((byte_at(text, at + i) & 0xC0) != 0x80) return 0;
  }
  return length;
}

std::string with_valid_utf8(std::string text) {
  for (std::size_t at = 0; at < text.size();) {
    const std::size_t length = utf8_sequence(text, at);
    if (length == 0) text[at] = '?';
    at += length == 0 ? 1 : length;
  }
  return text;
}

void append_json_string(std::string& out, std::string_view text) {
  out += '"';
  append_escaped(out, text, true, [&](std::uint8_t) { out += "\xEF\xBF\xBD"; });
  out += '"';
}

std::string cut(std::string_view text, std::size_t max_bytes) {
  constexpr std::string_view mark = "...";
  if (text.size() <= max_bytes) return std::string(text);
  std::size_t end = max_bytes < mark.size() ? 0 : max_bytes - mark.size();
  while (end > 0 && (byte_at(text, end) & 0xC0) == 0x80) --end;
  return std::string(text.substr(0, end)) + std::string(mark);
}

std::string quote(std::string_view text, std::size_t max_bytes) {
  std::string out;
  append_json_string(out, cut(text, max_bytes));
  return out;
}

std::string printable(std::string_view text, std::size_t max_bytes) {
  std::string out;
  // Escaping only lengthens a text, so what lies beyond the bound need not be looked at.
  append_escaped(out, text.substr(0, max_bytes + 4), false, [&](std::uint8_t byte) {
    out += "\\x";
    append_hex(out, {&byte, 1});
  });
  return cut(out, max_bytes);
}

void append_hex(std::string& out, std::span<const std::uint8_t> bytes) {
  for (const std::uint8_t byte : bytes) {
    out += hex_digits[byte >> 4];
    out += hex_digits[byte & 0xF];
  }
}

int hex_digit(char c) {
  if (c >= '0' && c <= '9') return c - '0';
  if (c >= 'a' && c <= 'f') return c - 'a' + 10;
  return -1;
}

bool is_hex(std::string_view text) {
  for (const char c : text) {
    if (hex_digit(c) < 0) return false;
  }
  return text.size() % 2 == 0;
}

std::uint8_t hex_byte(std::string_view text, std::size_t i) {
  return static_cast<std::uint8_t>(hex_digit(text[2 * i]) * 16 + hex_digit(text[2 * i + 1]));
}

}  // namespace kvspec
