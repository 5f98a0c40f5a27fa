// A template: an engine of the engine protocol in C++, to be copied. Manager is a complete, small block manager - one
// full attention group, no prefix cache - and stands where yours goes: replace what its functions do by calls to your
// own, extend hello() by what yours can do, and leave the loop at the end as it is.
// JSON is nlohmann's; nothing of kvspec is needed:
//   c++ -std=c++20 engine.cpp -o engine && kvspec check --config nocache -- ./engine
#include <algorithm>
#include <deque>
#include <iostream>
#include <map>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

using nlohmann::json;

namespace {

// What the engine says of itself. It is asked nothing that is not listed here.
json hello() {
  return {{"protocol", 1},
          {"engine", "template"},
          {"version", "1"},
          {"group_kinds", {"full", "mla"}},
          {"operations",
           {"new_request", "append", "get_computed_blocks", "allocate_slots", "free", "get_block_ids",
            "remove_skipped_blocks", "reset_prefix_cache", "new_step_starts"}},
          {"hash_fn", {"sha256"}},
          {"events", false},
          {"errors", false}};
}

// Why a configuration is beyond the engine; nothing if it is not.
std::optional<std::string> beyond(const json& config) {
  if (config["enable_caching"]) return "no prefix cache";
  if (config["groups"].size() != 1) return "one group only";
  if (config["dcp_world_size"] != 1 || config["pcp_world_size"] != 1) return "no context parallelism";
  return {};
}

class Manager {
 public:
  explicit Manager(const json& config)
      : block_size_(config["groups"][0]["block_size"]), max_model_len_(config["max_model_len"]) {
    for (long b = 1; b < config["num_blocks"].get<long>(); ++b) free_.push_back(b);  // block 0 is the null block
  }

  json perform(const json& in) {
    const std::string op = in["op"];
    if (op == "new_request") return new_request(in);
    if (op == "append") return append(in);
    if (op == "get_computed_blocks") return {{"blocks", {json::array()}}, {"num_computed_tokens", 0}};
    if (op == "allocate_slots") return allocate_slots(in);
    if (op == "free") return free(in);
    if (op == "get_block_ids") return {{"result", {requests_.at(in["req"]).blocks}}};
    if (op == "remove_skipped_blocks") return {{"num_free", free_.size()}};
    if (op == "reset_prefix_cache") return {{"result", is_idle()}};
    return json::object();  // new_step_starts
  }

 private:
  struct Request {
    long num_tokens = 0;
    std::vector<long> blocks{};
  };

  json new_request(const json& in) {
    Request& request = requests_[in["req"]];
    request = {static_cast<long>(in["tokens"].size()), {}};
    const bool skips = in.contains("prompt_logprobs");
    return {{"block_hashes", json::array()}, {"num_tokens", request.num_tokens}, {"skip_reading_prefix_cache", skips}};
  }

  json append(const json& in) {
    Request& request = requests_.at(in["req"]);
    request.num_tokens += static_cast<long>(in["tokens"].size());
    return {{"num_tokens", request.num_tokens}, {"new_block_hashes", json::array()}};
  }

  // The blocks that are added, or null.
  json allocate_slots(const json& in) {
    Request& request = requests_.at(in["req"]);
    const long external = in["num_external_computed_tokens"];
    const long computed = in["req_num_computed_tokens"].get<long>() + external;
    const long slots = computed + in["num_new_tokens"].get<long>() + in["num_lookahead_tokens"].get<long>();
    const bool must_fit = in["full_sequence_must_fit"];
    if (needed(request, slots) > num_free() || (must_fit && needed(request, request.num_tokens) > num_free())) {
      return {{"result", nullptr}, {"num_free", num_free()}};
    }
    if (external > 0) grow(request, computed);  // blocks to load into are not in the answer
    return {{"result", {grow(request, slots)}}, {"num_free", num_free()}};
  }

  std::vector<long> grow(Request& request, long tokens) {
    const auto end = free_.begin() + needed(request, tokens);
    const std::vector<long> added(free_.begin(), end);
    free_.erase(free_.begin(), end);
    request.blocks.insert(request.blocks.end(), added.begin(), added.end());
    return added;
  }

  // The last block first, so that the first ones are given out last.
  json free(const json& in) {
    Request& request = requests_.at(in["req"]);
    free_.insert(free_.end(), request.blocks.rbegin(), request.blocks.rend());
    request.blocks.clear();
    if (in["drop"]) requests_.erase(in["req"]);
    return {{"num_free", num_free()}};
  }

  long num_free() const { return static_cast<long>(free_.size()); }
  bool is_idle() const {
    return std::all_of(requests_.begin(), requests_.end(),
                       [](const auto& entry) { return entry.second.blocks.empty(); });
  }
  long needed(const Request& request, long tokens) const {
    const long blocks = (std::min(tokens, max_model_len_) + block_size_ - 1) / block_size_;
    return std::max(0L, blocks - static_cast<long>(request.blocks.size()));
  }

  long block_size_;
  long max_model_len_;
  std::deque<long> free_{};
  std::map<std::string, Request> requests_{};
};

json answer(const json& line, std::optional<Manager>& manager) {
  if (line.contains("hello")) return {{"hello", hello()}};
  if (line.contains("config")) {
    manager.reset();
    if (const auto why = beyond(line["config"])) return {{"unsupported", *why}};
    manager.emplace(line["config"]);
    return {{"config", "accepted"}};
  }
  if (line.contains("in")) return {{"out", manager.value().perform(line["in"])}};
  manager.reset();
  return {{"reset", "done"}};
}

}  // namespace

int main() {
  std::optional<Manager> manager;
  for (std::string line; std::getline(std::cin, line);) {
    try {
      std::cout << answer(json::parse(line), manager) << std::endl;
    } catch (const std::exception& error) {
      std::cout << json{{"out", nullptr}, {"err", {{"type", "exception"}, {"msg", error.what()}}}} << std::endl;
    }
  }
}
