// kvspec._core: the C library as Python objects, text for text. The package makes dictionaries of the texts.
#include <kvspec.h>
#include <nanobind/nanobind.h>
#include <nanobind/stl/optional.h>
#include <nanobind/stl/string.h>
#include <nanobind/stl/tuple.h>
#include <nanobind/stl/vector.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <tuple>
#include <vector>

namespace nb = nanobind;

namespace {

// Raises what kvspec/_errors.py makes of the error.
[[noreturn]] void raise(const kvspec_error& error) {
  const nb::object made = nb::module_::import_("kvspec._errors")
                              .attr("from_status")(kvspec_status_name(error.status), error.clause, error.sentence,
                                                   error.offending, error.line, error.message);
  PyErr_SetObject(made.type().ptr(), made.ptr());
  throw nb::python_error();
}

void check(kvspec_status status, const kvspec_error& error) {
  if (status != KVSPEC_OK) raise(error);
}

// A text as C takes it, which ends at the first NUL.
const char* c_text(const std::string& text) {
  if (text.find('\0') != text.npos) throw nb::value_error("the text has a NUL character");
  return text.c_str();
}

// Takes a text that the library gave.
std::string taken(char* text) {
  const std::unique_ptr<char, decltype(&kvspec_free_text)> owned(text, kvspec_free_text);
  return std::string(owned.get());
}
std::optional<std::string> taken_or_none(char* text) {
  if (text == nullptr) return {};
  return taken(text);
}

// (clause, sentence, message)
using Finding = std::tuple<std::string, std::string, std::string>;
Finding finding(const kvspec_error& error) { return {error.clause, error.sentence, error.message}; }

struct Destroy {
  void operator()(kvspec_system* system) const { kvspec_system_destroy(system); }
  void operator()(kvspec_trace* trace) const { kvspec_trace_close(trace); }
  void operator()(kvspec_traffic* traffic) const { kvspec_traffic_destroy(traffic); }
};

class System {
 public:
  System(const std::string& engine, const std::string& config) {
    kvspec_error error;
    kvspec_system* made = nullptr;
    check(kvspec_system_create(c_text(engine), c_text(config), &made, &error), error);
    handle_.reset(made);
  }

  std::string step(const std::string& in) {
    kvspec_error error;
    char* out = nullptr;
    check(kvspec_system_step(handle_.get(), c_text(in), &out, &error), error);
    return taken(out);
  }

  std::string view() const {
    kvspec_error error;
    char* view = nullptr;
    check(kvspec_system_view(handle_.get(), &view, &error), error);
    return taken(view);
  }

  std::optional<Finding> invariants() {
    kvspec_error error;
    const kvspec_status status = kvspec_system_check(handle_.get(), &error);
    if (status == KVSPEC_BROKEN) return finding(error);
    check(status, error);
    return {};
  }

 private:
  std::unique_ptr<kvspec_system, Destroy> handle_;
};

class Trace {
 public:
  // (in, out, err, line)
  using Step = std::tuple<std::string, std::optional<std::string>, std::optional<std::string>, std::size_t>;

  // A path as os.fsencode() makes it.
  explicit Trace(const nb::bytes& path) {
    kvspec_error error;
    kvspec_trace* made = nullptr;
    check(kvspec_trace_open_file(c_text(std::string(path.c_str(), path.size())), &made, &error), error);
    handle_.reset(made);
  }

  std::string config() const {
    kvspec_error error;
    char* config = nullptr;
    check(kvspec_trace_config(handle_.get(), &config, &error), error);
    return taken(config);
  }

  std::optional<Step> next() {
    kvspec_error error;
    kvspec_trace_step step;
    const kvspec_status status = kvspec_trace_next(handle_.get(), &step, &error);
    if (status == KVSPEC_END) return {};
    check(status, error);
    return Step(taken(step.in), taken_or_none(step.out), taken_or_none(step.err), step.line);
  }

 private:
  std::unique_ptr<kvspec_trace, Destroy> handle_;
};

class Traffic {
 public:
  Traffic(const std::string& preset, std::uint64_t seed) {
    kvspec_error error;
    kvspec_traffic* made = nullptr;
    check(kvspec_traffic_create(c_text(preset), seed, &made, &error), error);
    handle_.reset(made);
  }

  std::string config() const {
    kvspec_error error;
    char* config = nullptr;
    check(kvspec_traffic_config(handle_.get(), &config, &error), error);
    return taken(config);
  }

  std::string next() {
    kvspec_error error;
    char* in = nullptr;
    check(kvspec_traffic_next(handle_.get(), &in, &error), error);
    return taken(in);
  }

  void observe(const std::string& out) {
    kvspec_error error;
    check(kvspec_traffic_observe(handle_.get(), c_text(out), &error), error);
  }

  void observe_rejection(const std::string& clause, std::int64_t offending) {
    kvspec_error error;
    check(kvspec_traffic_observe_rejection(handle_.get(), c_text(clause), offending, &error), error);
  }

 private:
  std::unique_ptr<kvspec_traffic, Destroy> handle_;
};

std::optional<Finding> compare(const std::string& in, const std::string& expected, const std::string& actual) {
  kvspec_error error;
  const kvspec_status status = kvspec_compare(c_text(in), c_text(expected), c_text(actual), &error);
  if (status == KVSPEC_DIFFERENT) return finding(error);
  check(status, error);
  return {};
}

// (id, kind, origin, sentence)
std::vector<std::tuple<std::string, std::string, std::string, std::string>> clauses() {
  std::vector<std::tuple<std::string, std::string, std::string, std::string>> all;
  kvspec_clause clause;
  for (std::size_t i = 0; kvspec_clause_at(i, &clause) == KVSPEC_OK; ++i) {
    all.emplace_back(clause.id, clause.kind, clause.origin, clause.sentence);
  }
  return all;
}

std::vector<std::string> presets() {
  std::vector<std::string> names;
  for (std::size_t i = 0; const char* name = kvspec_preset_name(i); ++i) names.emplace_back(name);
  return names;
}

}  // namespace

NB_MODULE(_core, m) {
  m.attr("version") = kvspec_version();
  m.def("clauses", clauses);
  m.def("presets", presets);
  m.def("compare", compare, nb::arg("command"), nb::arg("expected"), nb::arg("actual"));
  nb::class_<System>(m, "System")
      .def(nb::init<const std::string&, const std::string&>(), nb::arg("engine"), nb::arg("config"))
      .def("step", &System::step, nb::arg("command"))
      .def("view", &System::view)
      .def("invariants", &System::invariants);
  nb::class_<Trace>(m, "Trace")
      .def(nb::init<const nb::bytes&>(), nb::arg("path"))
      .def("config", &Trace::config)
      .def("next", &Trace::next);
  nb::class_<Traffic>(m, "Traffic")
      .def(nb::init<const std::string&, std::uint64_t>(), nb::arg("preset"), nb::arg("seed"))
      .def("config", &Traffic::config)
      .def("next", &Traffic::next)
      .def("observe", &Traffic::observe, nb::arg("observation"))
      .def("observe_rejection", &Traffic::observe_rejection, nb::arg("clause"), nb::arg("offending"));
}
