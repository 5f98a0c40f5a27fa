#include "fuzz/check/verdict.hpp"

#include <fmt/format.h>

#include <iterator>
#include <nlohmann/json.hpp>
#include <string_view>
#include <utility>

#include "fuzz/shortest.hpp"
#include "spec/trace/print.hpp"
#include "spec/trace/text.hpp"

namespace kvspec::fuzz {

namespace {

constexpr std::size_t most_shown = 1000;  // bytes of what was expected and of what came

std::string shown(const std::string& text) { return printable(text, most_shown); }

// Text between tags or in an attribute. What XML 1.0 cannot hold is replaced.
std::string xml(std::string_view text) {
  std::string out;
  for (const char c : with_valid_utf8(std::string(text))) {
    switch (c) {
      case '<':
        out += "&lt;";
        break;
      case '>':
        out += "&gt;";
        break;
      case '&':
        out += "&amp;";
        break;
      case '"':
        out += "&quot;";
        break;
      default:
        out += static_cast<unsigned char>(c) < 0x20 && c != '\n' ? '?' : c;
    }
  }
  return out;
}

}  // namespace

std::string to_text(const Verdict& verdict) {
  const Failure& failure = verdict.failure;
  const Counterexample& found = failure.counterexample;
  const ClauseEntry& clause = describe(found.clause);
  std::string out;
  const auto line = [&]<class... Args>(fmt::format_string<Args...> format, Args&&... args) {
    fmt::format_to(std::back_inserter(out), format, std::forward<Args>(args)...);
  };
  line("verdict: {} [{}]\n", to_text(verdict.severity), clause.id);
  line("  clause    {}: {}\n", clause.id, clause.sentence);
  if (!found.path.empty()) line("  path      {}\n", printable(found.path, most_shown));
  if (found.kind == Disagreement::view) line("  seen in   the state after the command\n");
  if (found.kind != Disagreement::protocol) line("  expected  {} (model)\n", shown(found.expected));
  line("  actual    {} (engine)\n", shown(found.actual));
  if (verdict.deviation) {
    const ClauseEntry& deviation = describe(*verdict.deviation);
    line("  known as  {}{}{} ({}): {}\n", verdict.has_it ? "" : "not ", deviation.id, verdict.in_part ? " in part" : "",
         deviation.origin, deviation.sentence);
  }
  line("config: {}\n", to_text(failure.config));
  if (verdict.commands_before > failure.commands.size()) {
    line("commands: {}, shrunk from {} in {} replays\n", failure.commands.size(), verdict.commands_before,
         failure.replays);
  } else {
    line("commands: {}\n", failure.commands.size());
  }
  if (failure.search && failure.search->complete) line("  {}\n", to_text(*failure.search));
  for (std::size_t i = 0; i < failure.commands.size(); ++i) {
    line("{} {:>4}  {}\n", i == found.step ? '>' : ' ', i + 1, to_text(failure.commands[i]));
  }
  line("found in: {}\n", verdict.found_in);
  if (!verdict.comes_back)
    line("performed again, the same commands show no difference: the engine is not deterministic\n");
  if (!verdict.trace_file.empty()) {
    line("trace: {}\nin words: kvspec explain {}\n", verdict.trace_file, verdict.trace_file);
  }
  line("repeat: {}\n", verdict.repeat);
  return out;
}

std::string to_json(const Verdicts& verdicts) {
  using nlohmann::json;
  json list = json::array();
  for (const Verdict& verdict : verdicts.all) {
    const Counterexample& found = verdict.failure.counterexample;
    json commands = json::array();
    for (const Command<Growing>& command : verdict.failure.commands) commands.push_back(to_text(command));
    list.push_back({{"clause", describe(found.clause).id},
                    {"sentence", describe(found.clause).sentence},
                    {"severity", to_text(verdict.severity)},
                    {"path", found.path},
                    {"expected", found.expected},
                    {"actual", found.actual},
                    {"known_as", verdict.deviation ? json(describe(*verdict.deviation).id) : json(nullptr)},
                    {"has_it", verdict.deviation ? json(verdict.has_it) : json(nullptr)},
                    {"in_part", verdict.in_part},
                    {"comes_back", verdict.comes_back},
                    {"config", to_text(verdict.failure.config)},
                    {"commands", commands},
                    {"trace", verdict.trace_file},
                    {"repeat", verdict.repeat},
                    {"times", verdict.times}});
  }
  const json report = {{"engine", verdicts.engine.engine},
                       {"version", verdicts.engine.version},
                       {"mode", verdicts.mode},
                       {"semantics", verdicts.semantics},
                       {"operations", verdicts.operations},
                       {"refused", verdicts.refused},
                       {"left_out", verdicts.left_out},
                       {"starts", verdicts.starts},
                       {"seconds", verdicts.seconds},
                       {"verdicts", list}};
  return report.dump(2, ' ', false, json::error_handler_t::replace) + "\n";
}

std::string to_junit(const Verdicts& verdicts) {
  std::string out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n";
  auto end = std::back_inserter(out);
  const bool are_few = verdicts.operations < verdicts.least;
  fmt::format_to(end,
                 "<testsuite name=\"kvspec check {} {}\" tests=\"{}\" failures=\"{}\" errors=\"0\" time=\"{:.1f}\">\n",
                 xml(verdicts.engine.engine), xml(verdicts.engine.version), verdicts.all.size() + 1,
                 verdicts.all.size() + (are_few ? 1 : 0), verdicts.seconds);
  out += "  <properties>\n";
  for (const auto& [name, number] :
       {std::pair("operations", verdicts.operations), std::pair("configurations refused", verdicts.refused),
        std::pair("runs left out", verdicts.left_out), std::pair("starts", verdicts.starts)}) {
    fmt::format_to(end, "    <property name=\"{}\" value=\"{}\"/>\n", name, number);
  }
  out += "  </properties>\n";
  // A suite without a test case reads as if nothing had been run.
  fmt::format_to(end, "  <testcase classname=\"kvspec\" name=\"{} operations compared\" time=\"{:.1f}\"",
                 verdicts.operations, verdicts.seconds);
  if (are_few) {
    fmt::format_to(end, ">\n    <failure type=\"too few\" message=\"at least {} were asked for\"/>\n  </testcase>\n",
                   verdicts.least);
  } else {
    out += "/>\n";
  }
  for (const Verdict& verdict : verdicts.all) {
    const ClauseEntry& clause = describe(verdict.failure.counterexample.clause);
    fmt::format_to(end, "  <testcase classname=\"kvspec\" name=\"{}: {}\" time=\"0\">\n", clause.id,
                   xml(clause.sentence));
    fmt::format_to(end, "    <failure type=\"{}\" message=\"{}\">{}</failure>\n  </testcase>\n",
                   to_text(verdict.severity), xml(verdict.failure.counterexample.actual), xml(to_text(verdict)));
  }
  return out + "</testsuite>\n";
}

}  // namespace kvspec::fuzz
