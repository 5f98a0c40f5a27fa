// A session of `kvspec check`: recorded traces and random traffic to an engine, until the time or the operations are
// used up. A difference does not end it: it is shrunk against the engine and becomes a verdict, once per clause, and
// the next run begins. What looks like a known difference is shrunk again where it shows in groups of other kinds, a
// few times: another one may hide behind it.
//
// A difference may be one of the deviations that the specification names: under the sound semantics a defect of the
// recorded system that the engine has, under the recorded one a defect that it does not have. Then the verdict says
// which, and the search goes on behind it: from then on the engine is compared with the host implementation with just
// the deviations that it was seen to have. Where it then differs and would not have differed before, the verdict was
// too broad: it is kept as one about a part of the deviation, and the comparison is as it was without it.
#pragma once

#include <chrono>
#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/check/examination.hpp"
#include "fuzz/check/remote.hpp"
#include "fuzz/check/tolerance.hpp"
#include "fuzz/check/verdict.hpp"
#include "fuzz/progress_line.hpp"
#include "fuzz/scenario.hpp"
#include "fuzz/shrink.hpp"
#include "spec/config.hpp"

namespace kvspec::fuzz {

struct CheckOptions {
  std::vector<std::string> command{};  // of the engine
  std::vector<std::string> traces{};
  std::optional<double> seconds{};
  std::optional<std::uint64_t> operations{};
  std::uint64_t least = 0;               // operations compared, or the check is no success
  std::optional<std::uint64_t> seed{};   // absent: one is chosen, and printed
  std::optional<Semantics> semantics{};  // absent: sound
  Tolerance tolerance{};
  TimeLimits limits{};
  double shrink_seconds = 20;  // for each verdict
  std::string preset = "all";
  std::string trace_dir = ".";
  std::string junit{};  // a file; empty: none is written
  std::string json{};   // likewise
};

class CheckSession {
 public:
  explicit CheckSession(const CheckOptions& options);

  // Returns the exit code.
  int run();

 private:
  using Clock = std::chrono::steady_clock;

  // Where commands come from, for the reader of a verdict.
  struct Source {
    std::string text{};       // "a.jsonl", "configuration full, seed 7"
    std::string arguments{};  // of kvspec check, that lead to them again
  };

  // Differences that name the same clause before anything is shrunk. They need not have one cause: which clause is
  // named is coarse then, and what a group of one kind does wrong is another matter than what one of another kind does.
  struct Met {
    std::uint64_t times = 0;
    struct Shrunk {
      std::set<GroupKind> kinds{};  // of groups of the configuration
      std::size_t verdict = 0;      // that came of it: its place among all
    };
    std::vector<Shrunk> shrunk{};
  };

  double seconds() const { return progress_.seconds(); }
  bool more() const;
  // Whether the engine runs; else why not becomes a verdict.
  bool ready();
  void check_trace(const std::string& file);
  void check_scenario(std::uint64_t number);
  // One examination of commands that `next` gives; `performed` takes those that both performed.
  template <class Next>
  void examine(const Config<Growing>& config, const Source& source, Next&& next);
  void judge(const Config<Growing>& config, Commands commands, const Examination& examination, const Source& source);
  // As an oracle of the shrinker: the commands to a fresh manager. With `severity`, which is then set, they are asked
  // one by one.
  std::optional<Counterexample> replay(const Config<Growing>& config, const Commands& commands,
                                       const oracle::MakeEngine& reference, std::size_t state_period,
                                       Severity* severity = nullptr);
  Failure shrink(const Config<Growing>& config, const Commands& commands, const Counterexample& found);
  // The one deviation, more or less, that explains the failure, if one does.
  std::optional<Clause> deviation_behind(const Failure& failure);
  // Whether one that a verdict has named is refuted by the failure; then it is named in part, and compared as before.
  bool retract_behind(const Failure& failure);
  // Whether the commands show nothing new from the failing one on if the engine is compared with these deviations.
  bool is_explained_by(const std::vector<Clause>& deviations, const Failure& failure);
  // A file name that no verdict of the session has.
  std::string trace_file_of(const Verdict& verdict) const;
  // The verdict that a difference in groups of these kinds is taken to repeat; null if it has to be shrunk.
  Verdict* repeated(const Met& met, const std::set<GroupKind>& kinds);
  // The verdict that says the same already; null if there is none.
  Verdict* same_as(const Verdict& verdict);
  void add(Verdict verdict);
  // What the line on standard error says.
  std::string progress() const;
  int finish();
  std::string repeat_command(const std::string& arguments) const;

  const CheckOptions& options_;
  std::uint64_t seed_;
  Semantics semantics_;
  std::vector<const Preset*> chosen_{};
  Remote remote_;
  std::vector<Clause> deviations_{};  // of the semantics, then those that the engine was seen to have
  std::vector<Clause> named_{};       // deviations that a verdict has named
  oracle::MakeEngine reference_;      // the model, until the two differ
  ProgressLine progress_{};
  Verdicts verdicts_{};
  std::map<std::pair<Clause, Disagreement>, Met> met_{};
  std::uint64_t performed_ = 0;  // operations that runs were given
  std::string refusal_{};        // the last one
  bool bad_input_ = false;
  bool is_hopeless_ = false;  // it breaks the protocol again and again
  bool is_barren_ = false;    // no run performs an operation any more
  bool gone_ = false;         // the engine cannot be started any more
};

}  // namespace kvspec::fuzz
