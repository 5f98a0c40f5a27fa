// Reading JSON into the structs: what stands where in a line, and the walk of decoder.hpp for the rest.
#include <string>
#include <utility>

#include "spec/reflect.hpp"
#include "spec/trace/decoder.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/json_value.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

template <class T>
Decoded<T> read_whole(const json& value, std::string_view where) {
  Decoder decoder(where);
  Decoded<T> result{T{}};
  decoder.read(value, result.value());
  if (decoder.failed()) result = decoder.error();
  return result;
}

// Parses the text, then decodes the value.
template <class F>
auto parsed(std::string_view text, F&& decode) -> decltype(decode(json{})) {
  const Decoded<json> value = parse_json(text);
  if (!value) return value.error();
  return decode(value.value());
}

// How the members of each command and of its observation are read.
struct Operation {
  std::string_view op;
  void (*read_command)(Decoder& decoder, const json& value, Command<Growing>& out);
  void (*read_observation)(Decoder& decoder, const json& value, Observation<Growing>& out);
};

template <class O>
void read_observation(Decoder& decoder, const json& value, Observation<Growing>& out) {
  decoder.read(value, out.emplace<O>());
}

template <class C>
constexpr Operation operation() {
  const auto read_command = [](Decoder& decoder, const json& value, Command<Growing>& out) {
    decoder.members(value, out.emplace<C>(), "op");
  };
  return {C::op, read_command, read_observation<typename C::Observation>};
}

template <class... C>
constexpr std::array<Operation, sizeof...(C)> operations(const std::variant<C...>*) {
  return {operation<C>()...};
}
// In the order of the alternatives of Command.
constexpr auto all_operations = operations(static_cast<const Command<Growing>*>(nullptr));

}  // namespace

Decoded<Config<Growing>> config_from_value(const json& value) { return read_whole<Config<Growing>>(value, "config"); }

Decoded<Command<Growing>> command_from_value(const json& value) {
  if (!value.is_object()) return trace_error(Clause::trace_04, "in: expected an object, found " + describe_json(value));
  const auto op = value.find("op");
  if (op == value.end()) return trace_error(Clause::trace_03, "in.op: the member is missing");
  for (const Operation& operation : all_operations) {
    if (!op->is_string() || op->get_ref<const std::string&>() != operation.op) continue;
    Decoder decoder(std::string(operation.op) + ".in");
    Decoded<Command<Growing>> result{Command<Growing>{}};
    operation.read_command(decoder, value, result.value());
    if (decoder.failed()) result = decoder.error();
    return result;
  }
  return trace_error(Clause::trace_03, "in.op: " + describe_json(*op) + " is not an operation");
}

Decoded<Observation<Growing>> observation_from_value(const json& value, const Command<Growing>& command) {
  const Operation& operation = all_operations[command.index()];
  Decoder decoder(std::string(operation.op) + ".out");
  Decoded<Observation<Growing>> result{Observation<Growing>{}};
  operation.read_observation(decoder, value, result.value());
  if (decoder.failed()) result = decoder.error();
  return result;
}

Decoded<StateDump<Growing>> state_from_value(const json& value, std::string_view where) {
  return read_whole<StateDump<Growing>>(value, where);
}
Decoded<View<Growing>> view_from_value(const json& value, std::string_view where) {
  return read_whole<View<Growing>>(value, where);
}

Decoded<Config<Growing>> config_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return config_from_value(value); });
}
Decoded<Command<Growing>> command_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return command_from_value(value); });
}
Decoded<Observation<Growing>> observation_from_json(std::string_view text, const Command<Growing>& command) {
  return parsed(text, [&](const json& value) { return observation_from_value(value, command); });
}
Decoded<StateDump<Growing>> state_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return state_from_value(value, "state"); });
}
Decoded<View<Growing>> view_from_json(std::string_view text) {
  return parsed(text, [](const json& value) { return view_from_value(value, "view"); });
}

}  // namespace kvspec
