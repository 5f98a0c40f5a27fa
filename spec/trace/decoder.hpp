// The walk behind the readers of json.hpp, for decode.cpp alone. One overload per type whose JSON form is special;
// every struct goes through the same loop over its members. The first error wins: later reads still run to their end,
// but change nothing about it.
#pragma once

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/commands.hpp"
#include "spec/config.hpp"
#include "spec/dump.hpp"
#include "spec/events.hpp"
#include "spec/reflect.hpp"
#include "spec/trace/error.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/path.hpp"

namespace kvspec {

class Decoder {
 public:
  using json = nlohmann::json;

  explicit Decoder(std::string_view root) : path_(std::string(root)) {}

  bool failed() const { return error_.has_value(); }
  // Precondition: failed().
  const TraceError& error() const { return *error_; }

  // Reads the members of a struct. tag is a member that the object has beside them ("op", "type"), or empty.
  template <Reflected T>
  void members(const json& value, T& out, std::string_view tag = {}) {
    static constexpr auto all = readers<T>();
    const std::optional<std::string_view> unknown = known_members(value, &out, all, tag);
    if (unknown) not_a_member(*unknown);
  }
  // Keeps what the format does not know in Config::driver.
  void members(const json& value, Config<Growing>& out, std::string_view tag = {});

  template <Reflected T>
  void read(const json& value, T& out) {
    members(value, out);
  }
  void read(const json& value, Done&);
  void read(const json& value, Event<Growing>& out);
  void read(const json& value, bool& out);
  template <std::integral T>
  void read(const json& value, T& out) {
    if constexpr (std::signed_integral<T>) {
      std::int64_t wide = 0;
      if (read_integer(value, wide, std::numeric_limits<T>::min(), std::numeric_limits<T>::max())) {
        out = static_cast<T>(wide);
      }
    } else {
      std::uint64_t wide = 0;
      if (read_integer(value, wide, std::numeric_limits<T>::max())) out = static_cast<T>(wide);
    }
  }
  void read(const json& value, double& out);
  // The nearest float; the recordings write every float as the double it is.
  void read(const json& value, float& out);
  void read(const json& value, std::string& out);
  template <NamedEnum E>
  void read(const json& value, E& out) {
    if (const auto index = read_name(value, enum_names<E>)) out = static_cast<E>(*index);
  }
  void read(const json& value, Informative& out);
  void read(const json& value, Digest& out);
  void read(const json& value, BlockHash<Growing>& out);
  void read(const json& value, BlockKey<Growing>& out);
  void read(const json& value, EventHash<Growing>& out);
  void read(const json& value, ExtraKey<Growing>& out);
  void read_tagged(const json& value, ExtraKey<Growing>& out);
  void read(const json& value, ExtraKeys<Growing>& out);
  void read(const json& value, PromptEmbeds<Growing>& out);

  template <class T>
  void read(const json& value, std::optional<T>& out) {
    out.reset();
    if (!value.is_null()) read(value, out.emplace());
  }
  template <class T>
  void read(const json& value, std::vector<T>& out) {
    list(value, out);
  }
  // Sets in the dump of a state: read into canonical order.
  void read(const json& value, RequestIdList<Growing>& out);
  void read(const json& value, BlockKeyList<Growing>& out);
  // Lists that stand for objects, likewise.
  template <class T>
  void read(const json& value, std::vector<OfBlock<T>>& out) {
    object(value, out);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.block < b.block; });
  }
  template <class T>
  void read(const json& value, std::vector<OfRequest<Growing, T>>& out) {
    object(value, out);
    std::sort(out.begin(), out.end(), [](const auto& a, const auto& b) { return a.req < b.req; });
  }
  void read(const json& value, DuplicatesList<Growing>& out);

  void fail(Clause clause, const std::string& what);

 private:
  // How a member is read into an object of its struct.
  struct MemberReader {
    std::string_view name;
    bool optional;
    void (*read)(Decoder& decoder, const json& value, void* object);
  };
  template <Reflected T>
  static constexpr auto readers() {
    return member_table<MemberReader, T>([]<class Member>(std::string_view name, Member) {
      return MemberReader{name, is_optional<MemberType<T, Member>>,
                          [](Decoder& decoder, const json& value, void* object) {
                            decoder.read(value, Member{}(*static_cast<T*>(object)));
                          }};
    });
  }

  // Reads the members that the struct has into the object; returns the first name that is none of them.
  std::optional<std::string_view> known_members(const json& value, void* object, std::span<const MemberReader> readers,
                                                std::string_view tag);
  void not_a_member(std::string_view name);
  void keep_driver_members(const json& value, std::span<const MemberReader> known, Config<Growing>& out);

  // False, with an error, if the value is no integer or beyond the ends.
  bool read_integer(const json& value, std::int64_t& out, std::int64_t min, std::int64_t max);
  bool read_integer(const json& value, std::uint64_t& out, std::uint64_t max);
  // The index of the value among the names.
  std::optional<std::size_t> read_name(const json& value, std::span<const std::string_view> names);
  void read_hex(std::string_view text, BlockHash<Growing>& out);
  // A non-negative integer as text, in the one form it has: digits without leading zeros.
  bool read_decimal(std::string_view text, std::uint64_t& out, std::uint64_t max);
  // The digits of the hash, then the group in eight digits. [HASH-11]
  void read_key(std::string_view text, BlockKey<Growing>& out);

  bool expect_object(const json& value);
  bool expect_list(const json& value);
  void expected(std::string_view what, const json& found);

  template <class T>
  void list(const json& value, std::vector<T>& out) {
    out.clear();
    if (!expect_list(value)) return;
    out.reserve(value.size());
    for (std::size_t i = 0; i < value.size() && !failed(); ++i) {
      const auto step = path_.element(i);
      read(value[i], out.emplace_back());
    }
  }
  // The members of an object as entries: name_entry() reads the name and returns where the value goes.
  template <class T>
  void object(const json& value, std::vector<T>& out) {
    out.clear();
    if (!expect_object(value)) return;
    out.reserve(value.size());
    for (const auto& [name, member] : value.get_ref<const json::object_t&>()) {
      if (failed()) return;
      const auto step = path_.key(name);
      auto& place = name_entry(name, out.emplace_back());
      read(member, place);
    }
  }
  template <class T>
  T& name_entry(const std::string& name, OfBlock<T>& entry) {
    std::uint64_t block = 0;
    if (read_decimal(name, block, std::numeric_limits<BlockId>::max())) entry.block = static_cast<BlockId>(block);
    return entry.value;
  }
  template <class T>
  T& name_entry(const std::string& name, OfRequest<Growing, T>& entry) {
    entry.req = name;
    return entry.value;
  }
  BlockList<Growing>& name_entry(const std::string& name, Duplicates<Growing>& entry) {
    read_key(name, entry.key);
    return entry.blocks;
  }
  template <class First, class Second>
  void read_pair(const json& value, First& first, Second& second) {
    if (!value.is_array() || value.size() != 2) return expected("a list of two", value);
    {
      const auto step = path_.element(0);
      read(value[0], first);
    }
    const auto step = path_.element(1);
    read(value[1], second);
  }

  Path path_;
  std::optional<TraceError> error_;
};

}  // namespace kvspec
