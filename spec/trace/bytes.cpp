#include "spec/trace/bytes.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <string>
#include <type_traits>

#include "spec/reflect.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

// The first byte of an integer; see bytes.hpp.
constexpr std::uint8_t first_negative = 0xE0;
constexpr std::uint8_t first_wide = 0xF0;
constexpr std::uint8_t first_boundary = 0xF8;
// The first byte of a text that is not a short request id.
constexpr std::uint8_t first_long_text = 0x80;

// Where an off-by-one or an overflow would show.
template <std::integral T>
constexpr std::array<T, 8> boundaries() {
  constexpr T max = std::numeric_limits<T>::max();
  return {max,
          static_cast<T>(max - 1),
          static_cast<T>(max / 2),
          static_cast<T>(max / 2 + 1),
          std::numeric_limits<T>::min(),
          static_cast<T>(0x7FFFFFFF),
          static_cast<T>(0xFFFF),
          static_cast<T>(0x10000)};
}

template <std::integral T>
constexpr std::uint64_t zigzag(T value) {
  if constexpr (std::unsigned_integral<T>) {
    return value;
  } else {
    const std::uint64_t bits = static_cast<std::uint64_t>(static_cast<std::int64_t>(value));
    return value < 0 ? ~(bits << 1) : bits << 1;
  }
}
template <std::integral T>
constexpr T unzigzag(std::uint64_t bits) {
  if constexpr (std::unsigned_integral<T>) {
    return static_cast<T>(bits);
  } else {
    return static_cast<T>((bits & 1) != 0 ? ~(bits >> 1) : bits >> 1);
  }
}

constexpr bool is_driver(std::string_view name) { return name == "driver"; }

class ByteDecoder {
 public:
  explicit ByteDecoder(ByteSource& source) : source_(source) {}

  template <Reflected T>
  void read(T& out) {
    for_each_member(out, [&](std::string_view name, auto& member) {
      if (!is_driver(name)) read(member);
    });
  }
  void read(Command<Growing>& out) {
    const std::size_t chosen = source_.next() % std::variant_size_v<Command<Growing>>;
    std::size_t index = 0;
    for_each_alternative<Command<Growing>>([&]<class C>() {
      if (index++ == chosen) read(out.emplace<C>());
    });
  }
  void read(bool& out) { out = (source_.next() & 1) != 0; }
  template <std::integral T>
  void read(T& out) {
    const std::uint8_t first = source_.next();
    if (first >= first_boundary) {
      out = boundaries<T>()[first - first_boundary];
    } else if (first >= first_wide) {
      std::uint64_t bits = 0;
      for (int i = 0; i <= first - first_wide; ++i) bits |= static_cast<std::uint64_t>(source_.next()) << (8 * i);
      out = unzigzag<T>(bits);
    } else if (first >= first_negative && std::signed_integral<T>) {
      out = static_cast<T>(first_negative - 1 - first);
    } else {
      out = static_cast<T>(first);
    }
  }
  // Infinities and NaN, which no trace can hold, lose their exponent.
  void read(float& out) {
    std::uint32_t bits = 0;
    for (int i = 0; i < 4; ++i) bits |= static_cast<std::uint32_t>(source_.next()) << (8 * i);
    constexpr std::uint32_t exponent = 0x7F800000;
    if ((bits & exponent) == exponent) bits &= ~exponent;
    out = std::bit_cast<float>(bits);
  }
  template <NamedEnum E>
  void read(E& out) {
    out = static_cast<E>(source_.next() % enum_names<E>.size());
  }
  void read(std::string& out) {
    const std::uint8_t first = source_.next();
    if (first < first_long_text) {
      out = 'r' + std::to_string(first);
      return;
    }
    std::string bytes;
    for (std::uint64_t left = length(); left > 0 && !source_.empty(); --left) {
      bytes.push_back(static_cast<char>(source_.next()));
    }
    out = with_valid_utf8(std::move(bytes));
  }
  void read(Digest& out) {
    out.size = static_cast<std::uint8_t>(source_.next() % (out.bytes.size() + 1));
    for (std::size_t i = 0; i < out.size; ++i) out.bytes[i] = source_.next();
  }
  // The width, then the values as a list; what does not fill a row is dropped.
  void read(PromptEmbeds<Growing>& out) {
    out = {};
    read(out.width);
    read(out.values);
    const std::size_t columns = std::max<std::size_t>(out.width, 1);
    out.values.resize(out.values.size() / columns * columns);
    if (out.values.empty()) out.width = 0;
    if (out.width == 0) out.values.clear();
  }
  template <class T>
  void read(std::optional<T>& out) {
    bool present = false;
    read(present);
    out.reset();
    if (present) read(out.emplace());
  }
  template <class T>
  void read(std::vector<T>& out) {
    out.clear();
    for (std::uint64_t left = length(); left > 0 && !source_.empty(); --left) read(out.emplace_back());
  }

 private:
  std::uint64_t length() {
    std::uint64_t count = 0;
    read(count);
    return count;
  }

  ByteSource& source_;
};

class ByteEncoder {
 public:
  explicit ByteEncoder(std::vector<std::uint8_t>& out) : out_(out) {}

  template <Reflected T>
  void write(const T& value) {
    for_each_member(value, [&](std::string_view name, const auto& member) {
      if (!is_driver(name)) write(member);
    });
  }
  void write(const Command<Growing>& command) {
    out_.push_back(static_cast<std::uint8_t>(command.index()));
    std::visit([&](const auto& value) { write(value); }, command);
  }
  void write(bool value) { out_.push_back(value ? 1 : 0); }
  template <std::integral T>
  void write(T value) {
    if (std::cmp_greater_equal(value, 0) && std::cmp_less(value, first_negative)) {
      out_.push_back(static_cast<std::uint8_t>(value));
    } else if (std::cmp_less(value, 0) && std::cmp_greater_equal(value, -(first_wide - first_negative))) {
      out_.push_back(static_cast<std::uint8_t>(first_negative - 1 - static_cast<std::int64_t>(value)));
    } else {
      const std::uint64_t bits = zigzag(value);
      const int bytes = std::max(1, (static_cast<int>(std::bit_width(bits)) + 7) / 8);
      out_.push_back(static_cast<std::uint8_t>(first_wide + bytes - 1));
      for (int i = 0; i < bytes; ++i) out_.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
    }
  }
  void write(float value) {
    const std::uint32_t bits = std::bit_cast<std::uint32_t>(value);
    for (int i = 0; i < 4; ++i) out_.push_back(static_cast<std::uint8_t>(bits >> (8 * i)));
  }
  template <NamedEnum E>
  void write(E value) {
    out_.push_back(static_cast<std::uint8_t>(value));
  }
  void write(const std::string& text) {
    std::uint8_t number = first_long_text;
    std::from_chars(text.data() + (text.empty() ? 0 : 1), text.data() + text.size(), number);
    if (number < first_long_text && text == 'r' + std::to_string(number)) return out_.push_back(number);
    out_.push_back(first_long_text);
    write(static_cast<std::uint64_t>(text.size()));
    for (const char c : text) out_.push_back(static_cast<std::uint8_t>(c));
  }
  void write(const Digest& digest) {
    out_.push_back(digest.size);
    out_.insert(out_.end(), digest.begin(), digest.end());
  }
  void write(const PromptEmbeds<Growing>& embeds) {
    write(embeds.width);
    write(embeds.values);
  }
  template <class T>
  void write(const std::optional<T>& value) {
    write(value.has_value());
    if (value) write(*value);
  }
  template <class T>
  void write(const std::vector<T>& values) {
    write(static_cast<std::uint64_t>(values.size()));
    for (const T& value : values) write(value);
  }

 private:
  std::vector<std::uint8_t>& out_;
};

}  // namespace

Command<Growing> decode_command(ByteSource& source) {
  Command<Growing> command{};
  ByteDecoder(source).read(command);
  return command;
}

Config<Growing> decode_config(ByteSource& source) {
  Config<Growing> config{};
  ByteDecoder(source).read(config);
  return config;
}

void encode_command(const Command<Growing>& command, std::vector<std::uint8_t>& out) {
  ByteEncoder(out).write(command);
}

void encode_config(const Config<Growing>& config, std::vector<std::uint8_t>& out) { ByteEncoder(out).write(config); }

}  // namespace kvspec
