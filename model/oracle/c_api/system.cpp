#include "model/oracle/c_api/system.hpp"

#include <algorithm>
#include <string>
#include <string_view>
#include <utility>

#include "model/oracle/c_api/boundary.hpp"
#include "spec/trace/json.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

using namespace kvspec;
using namespace kvspec::c_api;

const char* kvspec_engine_name(size_t index) {
  const auto engines = linked_engines();
  return index < engines.size() ? engines[index].name : nullptr;
}

kvspec_status kvspec_system_create(const char* engine, const char* config, kvspec_system** system,
                                   kvspec_error* error) {
  if (system != nullptr) *system = nullptr;
  if (engine == nullptr) return invalid(error, "engine is NULL");
  if (config == nullptr) return invalid(error, "config is NULL");
  if (system == nullptr) return invalid(error, "system is NULL");
  return guarded(error, [&] {
    const auto engines = linked_engines();
    const auto found = std::ranges::find(engines, std::string_view(engine), &LinkedEngine::name);
    if (found == engines.end()) return fail(error, KVSPEC_UNKNOWN_NAME, "no engine is called " + quote(engine));
    const Decoded<Config<Growing>> decoded = config_from_json(config);
    if (!decoded) return bad_text(error, "config", decoded.error());
    Inspected made = found->make(decoded.value());
    if (!made) return reject(error, made.error());
    *system = new kvspec_system{.engine = std::move(made.value())};
    return succeed(error);
  });
}

void kvspec_system_destroy(kvspec_system* system) { delete system; }

kvspec_status kvspec_system_step(kvspec_system* system, const char* in, char** out, kvspec_error* error) {
  if (out != nullptr) *out = nullptr;
  if (system == nullptr) return invalid(error, "system is NULL");
  if (in == nullptr) return invalid(error, "in is NULL");
  if (system->unusable) return unusable(error);
  return guarded(error, [&] {
    const Decoded<Command<Growing>> command = command_from_json(in);
    if (!command) return bad_text(error, "in", command.error());
    system->unusable = true;  // if anything is thrown from here on
    const Result<Observation<Growing>> result = system->engine->step(command.value());
    OwnedText text;
    if (result && out != nullptr) text = own(to_json(result.value()));
    system->unusable = false;
    if (!result) return reject(error, result.error());
    if (out != nullptr) *out = text.release();
    return succeed(error);
  });
}

kvspec_status kvspec_system_view(const kvspec_system* system, char** view, kvspec_error* error) {
  if (view != nullptr) *view = nullptr;
  if (system == nullptr) return invalid(error, "system is NULL");
  if (view == nullptr) return invalid(error, "view is NULL");
  if (system->unusable) return unusable(error);
  return guarded(error, [&] {
    *view = own(to_json(system->engine->view())).release();
    return succeed(error);
  });
}

kvspec_status kvspec_system_check(kvspec_system* system, kvspec_error* error) {
  if (system == nullptr) return invalid(error, "system is NULL");
  if (system->unusable) return unusable(error);
  return guarded(error, [&] {
    const Finding found = system->engine->check();
    if (!found) return succeed(error);
    return fail(error, KVSPEC_BROKEN, found->clause, printable(to_text(*found), max_error_bytes));
  });
}
