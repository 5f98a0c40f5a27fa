// Writing JSON. The text is composed directly: the structs say what there is, and a tree in between would only have to
// be walked again.
#include <charconv>
#include <cmath>
#include <concepts>
#include <limits>
#include <span>
#include <string>

#include "spec/reflect.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/json_value.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

enum class Absent { left_out, null };

// The dump of a state leaves out what a kind of group does not have.
template <class T>
inline constexpr bool is_dump = false;
template <>
inline constexpr bool is_dump<GroupDump<Growing>> = true;
template <>
inline constexpr bool is_dump<StateDump<Growing>> = true;

class Encoder {
 public:
  explicit Encoder(Absent absent) : absent_(absent) {}

  std::string out;

  // Writes the members of a struct into an object that is open; first says whether none has been written yet.
  template <Reflected T>
  void members(const T& value, bool first) {
    static constexpr auto all = writers<T>();
    constexpr std::size_t count = all.size() - (std::same_as<T, Config<Growing>> ? 1 : 0);  // without "driver"
    write_members(&value, std::span(all).first(count), absent_ == Absent::left_out || is_dump<T>, first);
  }

  template <Reflected T>
  void write(const T& value) {
    out += '{';
    members(value, true);
    out += '}';
  }
  void write(const Done&) { out += "{}"; }

  void write(const Event<Growing>& event) {
    std::visit(
        [&]<class T>(const T& value) {
          out += R"({"type":")" + std::string(T::type) + '"';
          members(value, false);
          out += '}';
        },
        event);
  }

  void write(bool value) { out += value ? "true" : "false"; }
  template <std::integral T>
  void write(T value) {
    out += std::to_string(value);
  }
  // The shortest decimal that reads back as the same double, always with a point or an exponent.
  void write(double value) {
    if (!std::isfinite(value)) {
      out += "null";
      return;
    }
    char digits[32];
    const std::string_view text(digits, std::to_chars(digits, digits + sizeof digits, value).ptr);
    out += text;
    if (text.find_first_of(".e") == text.npos) out += ".0";
  }
  template <NamedEnum E>
  void write(E value) {
    append_json_string(out, name_of(value));
  }
  void write(const std::string& value) { append_json_string(out, value); }
  void write(const Informative& value) { write(value.value); }

  void write(const Digest& digest) { hex(digest.view()); }
  void write(const BlockHash<Growing>& hash) { hex(hash); }
  void write(const BlockKey<Growing>& key) {
    out += '[';
    write(key.hash);
    out += ',';
    write(key.group);
    out += ']';
  }
  void write(const EventHash<Growing>& hash) {
    out += hash.is_integer ? "\"i:" : "\"b:";
    if (hash.is_integer) {
      write(hash.integer);
    } else {
      append_hex(out, hash.bytes);
    }
    out += '"';
  }
  void write(const ExtraKey<Growing>& key) {
    switch (key.kind) {
      case ExtraKeyKind::text:
        write(key.text);
        return;
      case ExtraKeyKind::lora:
      case ExtraKeyKind::salt:
        out += key.kind == ExtraKeyKind::lora ? R"(["lora",)" : R"(["salt",)";
        write(key.text);
        out += ']';
        return;
      case ExtraKeyKind::item:
        out += '[';
        write(key.text);
        out += ',';
        write(key.offset);
        out += ']';
        return;
      case ExtraKeyKind::digest:
        out += R"({"b":)";
        write(key.digest);
        out += '}';
        return;
    }
  }
  void write(const ExtraKeys<Growing>& keys) {
    if (keys.empty()) {
      out += "null";
    } else {
      list(keys);
    }
  }
  void write(const PromptEmbeds<Growing>& embeds) {
    out += '[';
    for (std::size_t i = 0; i < embeds.values.size(); ++i) {
      const std::size_t column = embeds.width == 0 ? i : i % embeds.width;
      if (i != 0) out += column == 0 ? "]," : ",";
      if (column == 0) out += '[';
      write(static_cast<double>(embeds.values[i]));
    }
    if (!embeds.values.empty()) out += ']';
    out += ']';
  }

  template <class T>
  void write(const std::optional<T>& value) {
    if (value) {
      write(*value);
    } else {
      out += "null";
    }
  }
  template <class T>
  void write(const std::vector<T>& values) {
    list(values);
  }
  void write(const BlockKeyList<Growing>& keys) {
    out += '[';
    for (std::size_t i = 0; i < keys.size(); ++i) {
      if (i != 0) out += ',';
      key_text(keys[i]);
    }
    out += ']';
  }
  template <class T>
  void write(const std::vector<OfBlock<T>>& entries) {
    object(entries, [&](const auto& entry) {
      out += '"' + std::to_string(entry.block) + '"';
      return &entry.value;
    });
  }
  template <class T>
  void write(const std::vector<OfRequest<Growing, T>>& entries) {
    object(entries, [&](const auto& entry) {
      append_json_string(out, entry.req);
      return &entry.value;
    });
  }
  void write(const DuplicatesList<Growing>& entries) {
    object(entries, [&](const auto& entry) {
      key_text(entry.key);
      return &entry.blocks;
    });
  }

  void name(std::string_view name, bool first) {
    if (!first) out += ',';
    append_json_string(out, name);
    out += ':';
  }

 private:
  // How a member of an object is written.
  struct MemberWriter {
    std::string_view name;
    bool (*present)(const void* object);
    void (*write)(Encoder& encoder, const void* object);
  };
  template <Reflected T>
  static constexpr auto writers() {
    return member_table<MemberWriter, T>([]<class Member>(std::string_view name, Member) {
      const auto present = [](const void* object) {
        if constexpr (is_optional<MemberType<T, Member>>) {
          return Member{}(*static_cast<const T*>(object)).has_value();
        } else {
          return object != nullptr;
        }
      };
      return MemberWriter{name, present, [](Encoder& encoder, const void* object) {
                            encoder.write(Member{}(*static_cast<const T*>(object)));
                          }};
    });
  }
  void write_members(const void* object, std::span<const MemberWriter> members, bool leave_out_absent, bool first) {
    for (const MemberWriter& member : members) {
      if (leave_out_absent && !member.present(object)) continue;
      name(member.name, first);
      first = false;
      member.write(*this, object);
    }
  }

  void hex(std::span<const std::uint8_t> bytes) {
    out += '"';
    append_hex(out, bytes);
    out += '"';
  }
  // A key of the index as text: the digits of the hash, then the group in eight digits. [HASH-11]
  void key_text(const BlockKey<Growing>& key) {
    BlockHash<Growing> bytes = key.hash;
    for (int shift = 24; shift >= 0; shift -= 8) bytes.push_back(static_cast<std::uint8_t>(key.group >> shift));
    hex(bytes);
  }
  template <class T>
  void list(const std::vector<T>& values) {
    out += '[';
    for (std::size_t i = 0; i < values.size(); ++i) {
      if (i != 0) out += ',';
      write(values[i]);
    }
    out += ']';
  }
  // write_key(entry) writes the key and returns a pointer to the value.
  template <class T, class F>
  void object(const std::vector<T>& entries, F&& write_key) {
    out += '{';
    for (std::size_t i = 0; i < entries.size(); ++i) {
      if (i != 0) out += ',';
      const auto* value = write_key(entries[i]);
      out += ':';
      write(*value);
    }
    out += '}';
  }

  Absent absent_;
};

bool is_config_member(std::string_view name) {
  bool found = false;
  const Config<Growing> config{};
  for_each_member(config,
                  [&](std::string_view member, const auto&) { found = found || (member == name && name != "driver"); });
  return found;
}

// Writes the members that the format does not know back to where they came from.
void write_driver_members(Encoder& encoder, const std::string& driver) {
  const Decoded<nlohmann::json> members = parse_json(driver);
  if (!members || !members.value().is_object()) return;
  for (const auto& [name, value] : members.value().items()) {
    if (is_config_member(name)) continue;
    encoder.name(name, false);
    encoder.out += value.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
  }
}

}  // namespace

std::string to_json(const Config<Growing>& config) {
  Encoder encoder(Absent::left_out);
  encoder.out += '{';
  encoder.members(config, true);
  if (config.driver) write_driver_members(encoder, *config.driver);
  encoder.out += '}';
  return std::move(encoder.out);
}

std::string to_json(const Command<Growing>& command) {
  Encoder encoder(Absent::left_out);
  std::visit(
      [&]<class C>(const C& value) {
        encoder.out += R"({"op":")" + std::string(C::op) + '"';
        encoder.members(value, false);
        encoder.out += '}';
      },
      command);
  return std::move(encoder.out);
}

std::string to_json(const Observation<Growing>& observation) {
  Encoder encoder(Absent::null);
  std::visit([&](const auto& value) { encoder.write(value); }, observation);
  return std::move(encoder.out);
}

std::string to_json(const StateDump<Growing>& state) {
  Encoder encoder(Absent::null);
  encoder.write(state);
  return std::move(encoder.out);
}

std::string to_json(const View<Growing>& view) {
  Encoder encoder(Absent::null);
  encoder.write(view);
  return std::move(encoder.out);
}

}  // namespace kvspec
