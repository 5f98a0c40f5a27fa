#include "spec/trace/print.hpp"

#include <string_view>

#include "spec/trace/value_printer.hpp"

namespace kvspec {
namespace {

// A sentence of the registry without its full stop.
std::string sentence_of(Clause clause) {
  std::string_view sentence = describe(clause).sentence;
  if (sentence.ends_with('.')) sentence.remove_suffix(1);
  return std::string(sentence);
}

}  // namespace

std::string to_text(const Command<Growing>& command) {
  ValuePrinter printer(ValuePrinter::Plain::left_out);
  std::visit([&]<class C>(const C& value) { printer.call(C::op, value); }, command);
  return std::move(printer.out);
}

std::string to_text(const Observation<Growing>& observation) {
  return std::visit([](const auto& value) { return value_text(value); }, observation);
}

std::string to_text(const Config<Growing>& config) {
  ValuePrinter printer(ValuePrinter::Plain::left_out);
  printer.call("config", config);
  return std::move(printer.out);
}

std::string to_text(const StateDump<Growing>& state) { return value_text(state); }
std::string to_text(const View<Growing>& view) { return value_text(view); }
std::string to_text(const Event<Growing>& event) { return value_text(event); }

std::string to_text(const Error& error) {
  return std::string(describe(error.clause).id) + ": " + sentence_of(error.clause) +
         " (offending: " + std::to_string(error.offending) + ')';
}

std::string to_text(const Violation& violation) {
  std::string details;
  const auto add = [&](std::string_view name, const std::string& value) {
    if (!details.empty()) details += ", ";
    details += std::string(name) + ' ' + value;
  };
  if (violation.block) add("block", std::to_string(*violation.block));
  if (violation.group) add("group", std::to_string(*violation.group));
  if (!violation.request.empty()) add("request", quote(violation.request));
  if (violation.actual != 0 || violation.expected != 0) {
    add("actual", std::to_string(violation.actual));
    add("expected", std::to_string(violation.expected));
  }
  std::string out = std::string(describe(violation.clause).id) + ": " + std::string(violation.what);
  if (!details.empty()) out += " (" + details + ')';
  return out;
}

std::string to_text(const TraceError& error) { return std::string(describe(error.clause).id) + ": " + error.what; }

}  // namespace kvspec
