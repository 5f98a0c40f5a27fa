#include "model/oracle/serve.hpp"

#include <ios>
#include <istream>
#include <limits>
#include <memory>
#include <new>
#include <optional>
#include <ostream>
#include <string>
#include <utility>

#include "model/oracle/command.hpp"
#include "spec/trace/line.hpp"
#include "spec/trace/names.hpp"
#include "spec/trace/protocol.hpp"
#include "spec/version.hpp"

namespace kvspec::oracle {

namespace {

template <class... C>
std::vector<std::string> operations_of(const std::variant<C...>*) {
  return {C::op...};
}

template <NamedEnum E>
std::vector<E> every() {
  std::vector<E> values;
  for (std::size_t i = 0; i < enum_names<E>.size(); ++i) values.push_back(static_cast<E>(i));
  return values;
}

RecordedError error_of(Error error) {
  const ClauseEntry& clause = describe(error.clause);
  return {std::string(clause.id), std::string(clause.sentence)};
}

RecordedError error_of(const TraceError& error) { return {std::string(describe(error.clause).id), error.what}; }

class Server {
 public:
  Server(const NamedEngine& engine, std::optional<Semantics> semantics) : named_(engine), semantics_(semantics) {}

  std::string answer(const std::string& line) {
    try {
      const Decoded<EngineRequest> request = request_from_line(line);
      if (!request) return error_answer(error_of(request.error()));
      return std::visit([&](const auto& asked) { return reply(asked); }, request.value());
    } catch (const std::bad_alloc&) {
      engine_.reset();  // it may have stopped halfway
      return error_answer(error_of(trace_error(Clause::trace_07, "out of memory")));
    }
  }

 private:
  std::string reply(const HelloRequest&) const {
    return hello_answer({.engine = "kvspec " + named_.name,
                         .version = version_string,
                         .group_kinds = every<GroupKind>(),
                         .operations = operations_of(static_cast<const Command<Growing>*>(nullptr)),
                         .hash_fn = every<HashFunction>(),
                         .events = true,
                         .errors = true});
  }

  std::string reply(Config<Growing> config) {
    engine_.reset();
    if (semantics_) config.semantics = semantics_;
    auto made = named_.make(config);
    if (!made) return error_answer(error_of(made.error()));
    engine_ = std::move(made.value());
    return config_answer();
  }

  std::string reply(const Command<Growing>& command) {
    if (!engine_) return error_answer({"ENGINE-02", "an operation comes after a configuration"});
    const Result<Observation<Growing>> result = engine_->step(command);
    return result ? observation_answer(result.value()) : error_answer(error_of(result.error()));
  }

  std::string reply(const ResetRequest&) {
    engine_.reset();
    return reset_answer();
  }

  const NamedEngine& named_;
  std::optional<Semantics> semantics_;
  std::unique_ptr<Engine> engine_{};
};

}  // namespace

int serve(std::istream& in, std::ostream& out, const NamedEngine& engine, std::optional<Semantics> semantics,
          std::size_t max_line_bytes) {
  Server server(engine, semantics);
  std::string line;
  for (LineRead read; (read = read_line(in, line, max_line_bytes)) != LineRead::end;) {
    if (read == LineRead::line) {
      out << server.answer(line) << '\n';
    } else {
      in.ignore(std::numeric_limits<std::streamsize>::max(), '\n');
      out << error_answer(error_of(line_too_long(max_line_bytes))) << '\n';
    }
    // What is asked already is answered before anything is handed over: a checker may ask ahead.
    if (in.rdbuf()->in_avail() <= 0) out.flush();
  }
  out.flush();
  return out ? exit_equal : exit_bad_input;
}

}  // namespace kvspec::oracle
