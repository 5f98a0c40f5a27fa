// The scheduler for C: commands as texts, and what they returned as texts.
#include <fmt/format.h>

#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <variant>

#include "fuzz/scenario.hpp"
#include "fuzz/scheduler.hpp"
#include "model/oracle/c_api/boundary.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/text.hpp"

using namespace kvspec;
using namespace kvspec::c_api;

struct kvspec_traffic {
  explicit kvspec_traffic(fuzz::Scenario made) : scenario(std::move(made)), scheduler(scenario) {}

  fuzz::Scenario scenario;
  fuzz::Scheduler scheduler;
  const Command<Growing>* unanswered = nullptr;  // the scheduler's, until its next one
  bool unusable = false;                         // a call was broken off, so the scheduler's state may be anything
};

namespace {

// What has an element per group and is read by group: the scheduler takes its length for granted.
const BlockTables<Growing>* by_group(const Observation<Growing>& observation) {
  if (const auto* hit = std::get_if<GetComputedBlocks<Growing>::Observation>(&observation)) return &hit->blocks;
  if (const auto* tables = std::get_if<GetBlockIds<Growing>::Observation>(&observation)) return &tables->result;
  return nullptr;
}

// What is wrong with the handle, if anything.
std::optional<kvspec_status> not_asked(const kvspec_traffic* traffic, kvspec_error* error) {
  if (traffic == nullptr) return invalid(error, "traffic is NULL");
  if (traffic->unusable) return unusable(error);
  if (traffic->unanswered == nullptr) return invalid(error, "there is no unanswered command");
  return {};
}

void observe(kvspec_traffic& traffic, const Result<Observation<Growing>>& result) {
  traffic.unusable = true;  // if anything is thrown from here on
  traffic.scheduler.observe(*traffic.unanswered, result);
  traffic.unanswered = nullptr;
  traffic.unusable = false;
}

}  // namespace

const char* kvspec_preset_name(size_t index) {
  const auto presets = fuzz::presets();
  return index < presets.size() ? presets[index].name.data() : nullptr;  // a view of a literal, which ends with a NUL
}

kvspec_status kvspec_traffic_create(const char* preset, uint64_t seed, kvspec_traffic** traffic, kvspec_error* error) {
  if (traffic != nullptr) *traffic = nullptr;
  if (preset == nullptr) return invalid(error, "preset is NULL");
  if (traffic == nullptr) return invalid(error, "traffic is NULL");
  return guarded(error, [&] {
    const fuzz::Preset* found = fuzz::find_preset(preset);
    if (found == nullptr) return fail(error, KVSPEC_UNKNOWN_NAME, "no preset is called " + quote(preset));
    fuzz::Scenario scenario = fuzz::make_scenario(*found, seed);
    const Result<Done> valid = validate(scenario.config);
    if (!valid) return reject(error, valid.error());
    *traffic = new kvspec_traffic(std::move(scenario));
    return succeed(error);
  });
}

void kvspec_traffic_destroy(kvspec_traffic* traffic) { delete traffic; }

kvspec_status kvspec_traffic_config(const kvspec_traffic* traffic, char** config, kvspec_error* error) {
  if (config != nullptr) *config = nullptr;
  if (traffic == nullptr) return invalid(error, "traffic is NULL");
  if (config == nullptr) return invalid(error, "config is NULL");
  return guarded(error, [&] {
    *config = own(to_json(traffic->scenario.config)).release();
    return succeed(error);
  });
}

kvspec_status kvspec_traffic_next(kvspec_traffic* traffic, char** in, kvspec_error* error) {
  if (in != nullptr) *in = nullptr;
  if (traffic == nullptr) return invalid(error, "traffic is NULL");
  if (in == nullptr) return invalid(error, "in is NULL");
  if (traffic->unusable) return unusable(error);
  if (traffic->unanswered != nullptr) return invalid(error, "the answer to the last command has not been told");
  return guarded(error, [&] {
    traffic->unusable = true;  // if anything is thrown from here on
    const Command<Growing>& command = traffic->scheduler.next();
    *in = own(to_json(command)).release();
    traffic->unanswered = &command;
    traffic->unusable = false;
    return succeed(error);
  });
}

kvspec_status kvspec_traffic_observe(kvspec_traffic* traffic, const char* out, kvspec_error* error) {
  if (const auto status = not_asked(traffic, error)) return *status;
  if (out == nullptr) return invalid(error, "out is NULL");
  return guarded(error, [&] {
    const Decoded<Observation<Growing>> observation = observation_from_json(out, *traffic->unanswered);
    if (!observation) return bad_text(error, "out", observation.error());
    const BlockTables<Growing>* tables = by_group(observation.value());
    const std::size_t num_groups = traffic->scenario.config.groups.size();
    if (tables != nullptr && tables->size() != num_groups) {
      return invalid(error, fmt::format("out: {} lists of blocks for {} groups", tables->size(), num_groups));
    }
    observe(*traffic, observation.value());
    return succeed(error);
  });
}

kvspec_status kvspec_traffic_observe_rejection(kvspec_traffic* traffic, const char* clause, int64_t offending,
                                               kvspec_error* error) {
  if (const auto status = not_asked(traffic, error)) return *status;
  if (clause == nullptr) return invalid(error, "clause is NULL");
  return guarded(error, [&] {
    const ClauseEntry* entry = find_clause(clause);
    if (entry == nullptr) return fail(error, KVSPEC_UNKNOWN_NAME, "no clause is called " + quote(clause));
    observe(*traffic, Error{entry->clause, offending});
    return succeed(error);
  });
}
