#include "spec/trace/protocol.hpp"

#include <algorithm>
#include <array>
#include <optional>
#include <utility>

#include "spec/trace/json.hpp"
#include "spec/trace/json_value.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/text.hpp"

namespace kvspec {
namespace {

using nlohmann::json;

std::string text_of(std::string_view text) {
  std::string literal;
  append_json_string(literal, text);
  return literal;
}

TraceError not_an_answer(const json& line, std::string_view expected) {
  return trace_error(Clause::engine_02, "expected " + std::string(expected) + ", found " +
                                            (line.is_object() ? quote(line.dump(), 120) : describe_json(line)));
}

// The line as an object.
Decoded<json> object_from(std::string_view line, std::string_view expected) {
  Decoded<json> value = parse_json(line);
  if (!value) return trace_error(Clause::engine_02, value.error().what);
  if (!value.value().is_object()) return not_an_answer(value.value(), expected);
  return value;
}

// Members of a hello, with the first thing that is wrong with them.
class HelloReader {
 public:
  explicit HelloReader(const json& hello) : hello_(hello) {}

  const std::optional<TraceError>& error() const { return error_; }

  void read(const char* name, std::string& out) {
    const json* value = member(name, [](const json& v) { return v.is_string(); }, "a string");
    if (value != nullptr) out = value->get_ref<const std::string&>();
  }
  void read(const char* name, bool& out) {
    const json* value = member(name, [](const json& v) { return v.is_boolean(); }, "true or false");
    if (value != nullptr) out = value->get<bool>();
  }
  void read(const char* name, std::vector<std::string>& out) {
    const auto is_list_of_texts = [](const json& v) {
      return v.is_array() && std::ranges::all_of(v, [](const json& element) { return element.is_string(); });
    };
    const json* value = member(name, is_list_of_texts, "a list of strings");
    if (value == nullptr) return;
    for (const json& element : *value) out.push_back(element.get_ref<const std::string&>());
  }
  template <NamedEnum E>
  void read(const char* name, std::vector<E>& out) {
    std::vector<std::string> names;
    read(name, names);
    for (const std::string& text : names) {
      if (const auto value = enumerator_of<E>(text)) {
        out.push_back(*value);
      } else {
        fail(std::string(name) + ": " + quote(text) + " is none of the trace format's");
      }
    }
  }

  void fail(const std::string& what) {
    if (!error_) error_ = trace_error(Clause::engine_01, "hello." + what);
  }

 private:
  template <class Is>
  const json* member(const char* name, Is&& is, const char* expected) {
    const auto found = hello_.find(name);
    if (found == hello_.end()) {
      fail(std::string(name) + ": the member is missing");
    } else if (!is(*found)) {
      fail(std::string(name) + ": expected " + expected + ", found " + describe_json(*found));
    } else {
      return &*found;
    }
    return nullptr;
  }

  const json& hello_;
  std::optional<TraceError> error_{};
};

// What an engine without these can be asked next to nothing.
constexpr std::array<std::string_view, 5> least_operations{"new_request", "append", "get_computed_blocks",
                                                           "allocate_slots", "free"};

std::optional<int> protocol_of(const json& hello) {
  if (!hello.is_object()) return {};
  const auto protocol = hello.find("protocol");
  if (protocol == hello.end() || !protocol->is_number_integer()) return {};
  const std::int64_t version = protocol->get<std::int64_t>();
  return version >= 0 && version <= 1'000'000 ? std::optional(static_cast<int>(version)) : std::nullopt;
}

// An answer that says why there is no other one; nothing if it is another one.
std::optional<Unsupported> unsupported_from(const json& line) {
  const auto why = line.find("unsupported");
  if (why == line.end() || !why->is_string() || line.size() != 1) return {};
  return Unsupported{why->get<std::string>()};
}

std::optional<RecordedError> error_from(const json& line) {
  const auto err = line.find("err");
  if (err == line.end() || !err->is_object()) return {};
  const auto out = line.find("out");
  if (out != line.end() && !out->is_null()) return {};
  const auto type = err->find("type");
  const auto msg = err->find("msg");
  if (type == err->end() || msg == err->end() || !type->is_string() || !msg->is_string()) return {};
  return RecordedError{type->get<std::string>(), msg->get<std::string>()};
}

bool says(const json& line, const char* member, std::string_view word) {
  const auto value = line.find(member);
  return value != line.end() && value->is_string() && value->get_ref<const std::string&>() == word;
}

}  // namespace

bool EngineHello::has(std::string_view operation) const {
  return std::ranges::find(operations, operation) != operations.end();
}

bool EngineHello::understands(std::string_view option) const {
  return !options || std::ranges::find(*options, option) != options->end();
}

bool EngineHello::understands(const Command<Growing>& command) const {
  const auto may = [&](bool is_used, std::string_view option) { return !is_used || understands(option); };
  if (const auto* request = std::get_if<AddRequest<Growing>>(&command)) {
    return may(request->lora.has_value(), "lora") && may(request->cache_salt.has_value(), "cache_salt") &&
           may(request->mm.has_value(), "mm") && may(request->prompt_embeds.has_value(), "prompt_embeds") &&
           may(request->prompt_logprobs.has_value(), "prompt_logprobs");
  }
  if (const auto* allocation = std::get_if<AllocateSlots<Growing>>(&command)) {
    return may(allocation->num_lookahead_tokens != 0, "num_lookahead_tokens") &&
           may(allocation->num_external_computed_tokens != 0, "num_external_computed_tokens") &&
           may(allocation->delay_cache_blocks, "delay_cache_blocks") &&
           may(allocation->full_sequence_must_fit, "full_sequence_must_fit");
  }
  return true;
}

std::string hello_request(std::string_view checker) {
  return R"({"hello":{"protocol":)" + std::to_string(engine_protocol_version) + R"(,"checker":)" + text_of(checker) +
         "}}";
}
std::string config_request(const Config<Growing>& config) { return R"({"config":)" + to_json(config) + "}"; }
std::string command_request(const Command<Growing>& command) { return R"({"in":)" + to_json(command) + "}"; }
std::string reset_request() { return R"({"reset":true})"; }

Decoded<EngineHello> hello_from_answer(std::string_view line) {
  constexpr std::string_view expected = "the engine's hello";
  const Decoded<json> answer = object_from(line, expected);
  if (!answer) return answer.error();
  const auto hello = answer.value().find("hello");
  if (hello == answer.value().end() || !hello->is_object()) return not_an_answer(answer.value(), expected);
  const std::optional<int> protocol = protocol_of(*hello);
  if (protocol != engine_protocol_version) {
    const std::string found = protocol ? std::to_string(*protocol) : "none";
    return trace_error(Clause::engine_01,
                       "hello.protocol: expected " + std::to_string(engine_protocol_version) + ", found " + found);
  }
  EngineHello result{};
  HelloReader reader(*hello);
  reader.read("engine", result.engine);
  reader.read("version", result.version);
  reader.read("group_kinds", result.group_kinds);
  reader.read("operations", result.operations);
  reader.read("hash_fn", result.hash_fn);
  reader.read("events", result.events);
  reader.read("errors", result.errors);
  if (hello->contains("options")) reader.read("options", result.options.emplace());
  for (const std::string& option : result.options.value_or(std::vector<std::string>())) {
    if (std::ranges::find(engine_options, option) == engine_options.end()) {
      reader.fail("options: " + quote(option) + " is none");
    }
  }
  for (const std::string_view operation : least_operations) {
    if (!result.has(operation)) reader.fail("operations: " + quote(operation) + " is missing");
  }
  if (result.group_kinds.empty()) reader.fail("group_kinds: the list is empty");
  if (result.hash_fn.empty()) reader.fail("hash_fn: the list is empty");
  if (reader.error()) return *reader.error();
  return result;
}

Decoded<ConfigAnswer> config_from_answer(std::string_view line) {
  constexpr std::string_view expected = "the answer to a configuration";
  const Decoded<json> answer = object_from(line, expected);
  if (!answer) return answer.error();
  if (says(answer.value(), "config", "accepted")) return ConfigAnswer(Done{});
  if (auto unsupported = unsupported_from(answer.value())) return ConfigAnswer(std::move(*unsupported));
  if (auto error = error_from(answer.value())) return ConfigAnswer(std::move(*error));
  return not_an_answer(answer.value(), expected);
}

Decoded<CommandAnswer> observation_from_answer(std::string_view line, const Command<Growing>& command) {
  constexpr std::string_view expected = "the answer to an operation";
  const Decoded<json> answer = object_from(line, expected);
  if (!answer) return answer.error();
  if (auto unsupported = unsupported_from(answer.value())) return CommandAnswer(std::move(*unsupported));
  if (auto error = error_from(answer.value())) return CommandAnswer(std::move(*error));
  const auto out = answer.value().find("out");
  if (out == answer.value().end() || out->is_null()) return not_an_answer(answer.value(), expected);
  Decoded<Observation<Growing>> observation = observation_from_value(*out, command);
  if (!observation) return observation.error();
  return CommandAnswer(std::move(observation.value()));
}

Decoded<Done> reset_from_answer(std::string_view line) {
  constexpr std::string_view expected = "the answer to a reset";
  const Decoded<json> answer = object_from(line, expected);
  if (!answer) return answer.error();
  if (!says(answer.value(), "reset", "done")) return not_an_answer(answer.value(), expected);
  return Done{};
}

Decoded<EngineRequest> request_from_line(std::string_view line) {
  constexpr std::string_view expected = "hello, config, in or reset";
  const Decoded<json> request = object_from(line, expected);
  if (!request) return request.error();
  const json& value = request.value();
  if (const auto in = value.find("in"); in != value.end()) {
    Decoded<Command<Growing>> command = command_from_value(*in);
    if (!command) return command.error();
    return EngineRequest(std::move(command.value()));
  }
  if (const auto given = value.find("config"); given != value.end()) {
    Decoded<Config<Growing>> config = config_from_value(*given);
    if (!config) return config.error();
    return EngineRequest(std::move(config.value()));
  }
  if (const auto hello = value.find("hello"); hello != value.end()) {
    return EngineRequest(HelloRequest{protocol_of(*hello).value_or(0)});
  }
  if (value.contains("reset")) return EngineRequest(ResetRequest{});
  return not_an_answer(value, expected);
}

std::string hello_answer(const EngineHello& hello) {
  json answer = {{"protocol", engine_protocol_version},
                 {"engine", hello.engine},
                 {"version", hello.version},
                 {"group_kinds", json::array()},
                 {"operations", hello.operations},
                 {"hash_fn", json::array()},
                 {"events", hello.events},
                 {"errors", hello.errors}};
  if (hello.options) answer["options"] = *hello.options;
  for (const GroupKind kind : hello.group_kinds) answer["group_kinds"].push_back(name_of(kind));
  for (const HashFunction function : hello.hash_fn) answer["hash_fn"].push_back(name_of(function));
  return R"({"hello":)" + answer.dump(-1, ' ', false, json::error_handler_t::replace) + "}";
}
std::string config_answer() { return R"({"config":"accepted"})"; }
std::string observation_answer(const Observation<Growing>& observation) {
  return R"({"out":)" + to_json(observation) + "}";
}
std::string unsupported_answer(std::string_view why) { return R"({"unsupported":)" + text_of(why) + "}"; }
std::string error_answer(const RecordedError& error) {
  return R"({"out":null,"err":{"type":)" + text_of(error.type) + R"(,"msg":)" + text_of(error.msg) + "}}";
}
std::string reset_answer() { return R"({"reset":"done"})"; }

}  // namespace kvspec
