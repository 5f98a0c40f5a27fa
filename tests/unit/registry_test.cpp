// The registry, the normative text, the code and the tests carry the same clauses. Each check is a function of texts
// that returns what is wrong, so that the tests can also be shown texts that are wrong on purpose.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cctype>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <initializer_list>
#include <iterator>
#include <optional>
#include <set>
#include <span>
#include <sstream>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "spec/clauses.hpp"
#include "spec/trace/names.hpp"

namespace kvspec {
namespace {

// A file by its path from the repository root.
struct SourceText {
  std::string path;
  std::string text;
};

// A clause as the registry or the normative text has it.
struct ClauseText {
  std::string id;
  std::string kind;
  std::string origin;
  std::string sentence;

  bool operator==(const ClauseText&) const = default;
};

using Problems = std::vector<std::string>;
using Ids = std::set<std::string>;

std::vector<ClauseText> registry() {
  std::vector<ClauseText> clauses;
  for (const ClauseEntry& entry : clause_registry) {
    clauses.push_back({std::string(entry.id), std::string(name_of(entry.kind)), std::string(entry.origin),
                       std::string(entry.sentence)});
  }
  return clauses;
}

std::vector<std::string> enumerators() {
  return {
#define KVSPEC_ENUMERATOR_NAME(name, id, kind, origin, sentence) #name,
      KVSPEC_CLAUSES(KVSPEC_ENUMERATOR_NAME)
#undef KVSPEC_ENUMERATOR_NAME
  };
}

// ---- Ids ------------------------------------------------------------------------------------------------------------

constexpr std::array<std::string_view, 17> rooms = {"CONF",   "REQ",    "HASH",  "POOL",  "LOOK", "ALLOC",
                                                    "CACHE",  "FREE",   "MAMBA", "EVENT", "STAT", "TRACE",
                                                    "ENGINE", "DEVICE", "SCOPE", "MODE",  "DEV"};

bool is_digits(std::string_view text) {
  return !text.empty() && std::ranges::all_of(text, [](unsigned char c) { return std::isdigit(c) != 0; });
}

bool is_room(std::string_view word) { return std::ranges::find(rooms, word) != rooms.end(); }

// I and one or two digits, without a leading zero.
bool is_invariant_id(std::string_view id) {
  return (id.size() == 2 || id.size() == 3) && id[0] == 'I' && is_digits(id.substr(1)) && id[1] != '0';
}

// An invariant's id, or a room and two digits.
bool is_well_formed(std::string_view id) {
  const std::size_t dash = id.find('-');
  if (dash == std::string_view::npos) return is_invariant_id(id);
  const std::string_view number = id.substr(dash + 1);
  return is_room(id.substr(0, dash)) && number.size() == 2 && is_digits(number) && number != "00";
}

std::string enumerator_of(std::string_view id) {
  std::string name;
  for (const char c : id) {
    name += c == '-' ? '_' : static_cast<char>(std::tolower(static_cast<unsigned char>(c)));
  }
  return name;
}

std::string id_of(std::string_view enumerator) {
  std::string id;
  for (const char c : enumerator) {
    id += c == '_' ? '-' : static_cast<char>(std::toupper(static_cast<unsigned char>(c)));
  }
  return id;
}

// ---- Citations ------------------------------------------------------------------------------------------------------

enum class Form {
  any,         // ids in prose and enumerators in code
  enumerator,  // Clause::name alone: code that acts on the clause
};

// Reads a text word by word. Citations are ROOM-nn, In, Clause::name, and all ids between the two of "POOL-06 ..
// POOL-08". Numbers of the catalogue of bugs ("C I9") are not citations. Ids are reported as written, well-formed or
// not.
class Citations {
 public:
  Citations(std::string_view text, Form form) : text_(text), form_(form) {
    while (skip_to_word()) read_word();
  }

  const Ids& ids() const { return ids_; }

 private:
  static bool is_word(char c) { return std::isalnum(static_cast<unsigned char>(c)) != 0 || c == '_'; }

  bool skip_to_word() {
    while (at_ < text_.size() && !is_word(text_[at_])) ++at_;
    return at_ < text_.size();
  }

  std::string_view take_word() {
    const std::size_t start = at_;
    while (at_ < text_.size() && is_word(text_[at_])) ++at_;
    return text_.substr(start, at_ - start);
  }

  bool take(std::string_view expected) {
    if (text_.substr(at_, expected.size()) != expected) return false;
    at_ += expected.size();
    return true;
  }

  void read_word() {
    const std::string_view word = take_word();
    if (word == "Clause") {
      if (!take("::")) return;
      const std::string_view name = take_word();
      const bool is_parameter = name == "name" || name == "clause";  // of a macro
      if (!name.empty() && !is_parameter) ids_.insert(id_of(name));
      return;
    }
    if (form_ == Form::enumerator) return;
    if (is_invariant_id(word) && !text_.substr(0, at_ - word.size()).ends_with("C ")) {
      ids_.insert(std::string(word));
    } else if (is_room(word)) {
      read_number(word);
    }
  }

  // What follows a room: -nn makes an id; " .. ROOM-mm" makes a range of it.
  void read_number(std::string_view room) {
    const std::optional<std::string> first = take_number();
    if (!first) return;
    ids_.insert(std::string(room) + '-' + *first);
    const std::size_t after = at_;
    if (!take(" .. ") || take_word() != room) {
      at_ = after;
      return;
    }
    const std::optional<std::string> last = take_number();
    if (!last || first->size() > 2 || last->size() > 2) return;
    for (int n = std::stoi(*first); n <= std::stoi(*last); ++n) {
      ids_.insert(std::string(room) + (n < 10 ? "-0" : "-") + std::to_string(n));
    }
  }

  std::optional<std::string> take_number() {
    const std::size_t before = at_;
    if (take("-")) {
      if (const std::string_view number = take_word(); is_digits(number)) return std::string(number);
    }
    at_ = before;
    return {};
  }

  std::string_view text_;
  Form form_;
  std::size_t at_ = 0;
  Ids ids_;
};

Ids citations(std::span<const SourceText> files, Form form = Form::any) {
  Ids all;
  for (const SourceText& file : files) all.merge(Ids(Citations(file.text, form).ids()));
  return all;
}

// ---- The checks -----------------------------------------------------------------------------------------------------

Problems malformed_or_repeated(std::span<const ClauseText> clauses) {
  Problems problems;
  Ids seen;
  for (const ClauseText& clause : clauses) {
    if (!is_well_formed(clause.id)) problems.push_back("malformed id " + clause.id);
    if (!seen.insert(clause.id).second) problems.push_back("repeated id " + clause.id);
    if (is_invariant_id(clause.id) != (clause.kind == "invariant")) {
      problems.push_back(clause.id + " has the kind " + clause.kind);
    }
    if (clause.origin.empty()) problems.push_back(clause.id + " has no origin");
    if (!clause.sentence.ends_with('.')) problems.push_back(clause.id + " has no whole sentence");
  }
  return problems;
}

// The clauses of the normative text: a line `**ID** · kind · origin`, an empty line, the sentence on one line.
std::vector<ClauseText> clauses_of_text(std::string_view text) {
  constexpr std::string_view separator = " \u00b7 ";
  std::vector<ClauseText> clauses;
  std::istringstream lines{std::string(text)};
  std::string line;
  while (std::getline(lines, line)) {
    const std::size_t end_of_id = line.find("** ");
    const std::size_t first = line.find(separator);
    if (!line.starts_with("**") || end_of_id == std::string::npos || first != end_of_id + 2) continue;
    const std::size_t second = line.find(separator, first + separator.size());
    ClauseText clause;
    clause.id = line.substr(2, end_of_id - 2);
    if (second != std::string::npos) {
      clause.kind = line.substr(first + separator.size(), second - first - separator.size());
      clause.origin = line.substr(second + separator.size());
    }
    if (std::getline(lines, line) && line.empty()) std::getline(lines, clause.sentence);
    clauses.push_back(clause);
  }
  return clauses;
}

Problems differences(std::span<const ClauseText> in_registry, std::span<const ClauseText> in_text) {
  Problems problems;
  for (const ClauseText& clause : in_registry) {
    const auto has_id = [&](const ClauseText& other) { return other.id == clause.id; };
    const auto found = std::ranges::find_if(in_text, has_id);
    const auto times = std::ranges::count_if(in_text, has_id);
    if (times != 1) {
      problems.push_back(clause.id + " is " + std::to_string(times) + " times in the text");
    } else if (found->kind != clause.kind) {
      problems.push_back(clause.id + ": kind in the text: " + found->kind);
    } else if (found->origin != clause.origin) {
      problems.push_back(clause.id + ": origin in the text: " + found->origin);
    } else if (found->sentence != clause.sentence) {
      problems.push_back(clause.id + ": sentence in the text: " + found->sentence);
    }
  }
  for (const ClauseText& clause : in_text) {
    const auto has_id = [&](const ClauseText& other) { return other.id == clause.id; };
    if (std::ranges::none_of(in_registry, has_id)) problems.push_back(clause.id + " is not in the registry");
  }
  return problems;
}

Problems unknown_citations(std::span<const ClauseText> clauses, std::span<const SourceText> files) {
  Ids known;
  for (const ClauseText& clause : clauses) known.insert(clause.id);
  Problems problems;
  for (const SourceText& file : files) {
    const Citations cited(file.text, Form::any);
    for (const std::string& id : cited.ids()) {
      if (!known.contains(id)) problems.push_back(file.path + " cites " + id);
    }
  }
  return problems;
}

Problems not_cited(std::span<const ClauseText> clauses, std::string_view kind, const Ids& cited) {
  Problems problems;
  for (const ClauseText& clause : clauses) {
    if ((kind.empty() || clause.kind == kind) && !cited.contains(clause.id)) problems.push_back(clause.id);
  }
  return problems;
}

std::string lines(const Problems& problems) {
  std::string text = "\n";
  for (const std::string& problem : problems) text += "  " + problem + '\n';
  return text;
}

#define EXPECT_NO_PROBLEMS(expression, heading)              \
  do {                                                       \
    const Problems found = expression;                       \
    EXPECT_TRUE(found.empty()) << (heading) << lines(found); \
  } while (false)

// ---- The repository -------------------------------------------------------------------------------------------------

std::string read_file(const std::filesystem::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// A file by its path from the repository root.
SourceText source(const std::string& path) {
  return {path, read_file(std::filesystem::path(KVSPEC_SOURCE_DIR) / path)};
}

bool is_source(const std::filesystem::path& path) {
  constexpr std::array<std::string_view, 9> extensions = {".hpp", ".cpp", ".h", ".cu", ".cuh",
                                                          ".md",  ".py",  ".v", ".txt"};
  return std::ranges::find(extensions, path.extension().string()) != extensions.end();
}

// The texts of a folder, this file left out: it is not evidence, and it cites clauses that do not exist.
std::vector<SourceText> sources_of(std::string_view folder) {
  const std::filesystem::path root = KVSPEC_SOURCE_DIR;
  std::vector<SourceText> files;
  if (!std::filesystem::exists(root / folder)) return files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(root / folder)) {
    if (!entry.is_regular_file() || !is_source(entry.path())) continue;
    if (entry.path().filename() == "registry_test.cpp") continue;
    files.push_back({std::filesystem::relative(entry.path(), root).string(), read_file(entry.path())});
  }
  return files;
}

std::vector<SourceText> without(std::vector<SourceText> files, std::initializer_list<std::string_view> paths) {
  std::erase_if(files, [&](const SourceText& file) { return std::ranges::find(paths, file.path) != paths.end(); });
  return files;
}

// Code that acts, as opposed to headers that only list clauses.
std::vector<SourceText> acting_code() {
  std::vector<SourceText> files =
      without(sources_of("spec"), {"spec/clauses.hpp", "spec/commands.hpp", "spec/system.hpp"});
  std::ranges::move(sources_of("model"), std::back_inserter(files));
  std::ranges::move(sources_of("fuzz/check"), std::back_inserter(files));  // the clauses of engines and modes
  return files;
}

// What an implementation alone can refuse is raised there: the clauses of devices and of bounded managers.
std::vector<SourceText> raising_code() {
  std::vector<SourceText> files = acting_code();
  std::ranges::move(sources_of("impl/cuda"), std::back_inserter(files));
  return files;
}

TEST(Registry, IdsAreUniqueAndWellFormed) {
  const std::vector<ClauseText> clauses = registry();
  EXPECT_NO_PROBLEMS(malformed_or_repeated(clauses), "In spec/clauses.hpp:");
  const std::vector<std::string> names = enumerators();
  ASSERT_EQ(names.size(), clauses.size());
  for (std::size_t i = 0; i < names.size(); ++i) EXPECT_EQ(names[i], enumerator_of(clauses[i].id));
}

TEST(Registry, DescribeFindsEachClause) {
  for (const ClauseEntry& entry : clause_registry) EXPECT_EQ(&describe(entry.clause), &entry);
}

TEST(Registry, NormativeTextAgrees) {
  const std::vector<ClauseText> text = clauses_of_text(source("docs/specification.md").text);
  EXPECT_NO_PROBLEMS(differences(registry(), text), "docs/specification.md and spec/clauses.hpp differ:");
}

TEST(Registry, EveryCitedClauseExists) {
  const std::vector<ClauseText> clauses = registry();
  for (const std::string_view folder : {"spec", "model", "impl", "fuzz", "proofs", "tests", "docs"}) {
    const std::vector<SourceText> files = sources_of(folder);
    EXPECT_FALSE(files.empty()) << "nothing to read in " << folder;
    EXPECT_NO_PROBLEMS(unknown_citations(clauses, files), "Not in the registry:");
  }
}

TEST(Registry, EveryEffectIsCitedInCode) {
  EXPECT_NO_PROBLEMS(not_cited(registry(), "effect", citations(acting_code())),
                     "Effects that no code of model/, spec/ or fuzz/check/ cites:");
}

TEST(Registry, EveryRejectionIsRaisedInCode) {
  EXPECT_NO_PROBLEMS(not_cited(registry(), "rejection", citations(raising_code(), Form::enumerator)),
                     "Rejections that no code of model/, spec/, fuzz/check/ or impl/cuda/ names as Clause::...:");
}

// That of a single state or of several is reported as Clause::...; I30 is lockstep itself. The table of what deviations
// break names invariants and checks none.
TEST(Registry, EveryInvariantIsCheckedInCode) {
  std::vector<SourceText> files = sources_of("fuzz/watch");
  const auto is_table = [](const SourceText& file) { return file.path.ends_with("non_theorems.hpp"); };
  ASSERT_EQ(std::erase_if(files, is_table), 1U);
  files.push_back(source("spec/invariants.hpp"));
  Ids cited = citations(files, Form::enumerator);
  cited.merge(citations(std::array{source("fuzz/lockstep.hpp")}));
  EXPECT_NO_PROBLEMS(not_cited(registry(), "invariant", cited),
                     "Invariants that neither spec/invariants.hpp nor fuzz/watch/ names as Clause::...:");
}

TEST(Registry, EveryDeviationIsInTheModel) {
  EXPECT_NO_PROBLEMS(not_cited(registry(), "deviation", citations(std::array{source("model/deviations.hpp")})),
                     "Deviations that model/deviations.hpp does not cite:");
}

TEST(Registry, EveryClauseIsMentionedByATest) {
  EXPECT_NO_PROBLEMS(not_cited(registry(), "", citations(sources_of("tests"))), "Clauses that no test mentions:");
}

// ---- The checks can fail --------------------------------------------------------------------------------------------

const ClauseText pool_clause{"POOL-03", "effect", "S 12", "Allocation takes blocks from the head."};
const ClauseText invariant_clause{"I2", "invariant", "C I2", "Free blocks are unreferenced."};

TEST(RegistryChecks, AcceptSoundClauses) {
  const std::vector<ClauseText> clauses = {pool_clause, invariant_clause};
  EXPECT_EQ(malformed_or_repeated(clauses), Problems{});
  EXPECT_EQ(differences(clauses, clauses), Problems{});
}

TEST(RegistryChecks, SeeMalformedClauses) {
  const auto first_problem = [](ClauseText clause) {
    const Problems problems = malformed_or_repeated(std::array{std::move(clause)});
    return problems.empty() ? std::string() : problems[0];
  };
  for (const char* id : {"POOL-3", "POOL-003", "POOL-00", "POOL03", "pool-03", "TANK-03", "I01", "I100", "I", ""}) {
    EXPECT_EQ(first_problem({id, id[0] == 'I' ? "invariant" : "effect", "D", "It is so."}),
              "malformed id " + std::string(id));
  }
  EXPECT_EQ(first_problem({"I2", "effect", "D", "It is so."}), "I2 has the kind effect");
  EXPECT_EQ(first_problem({"POOL-03", "invariant", "D", "It is so."}), "POOL-03 has the kind invariant");
  EXPECT_EQ(first_problem({"POOL-03", "effect", "", "It is so."}), "POOL-03 has no origin");
  EXPECT_EQ(first_problem({"POOL-03", "effect", "D", "Not whole"}), "POOL-03 has no whole sentence");
  EXPECT_EQ(malformed_or_repeated(std::array{pool_clause, pool_clause}), Problems{"repeated id POOL-03"});
}

TEST(RegistryChecks, ReadTheNormativeText) {
  const std::string text =
      "# Title\n\n**bold** words\n\n"
      "**POOL-03** \u00b7 effect \u00b7 S 12\n\nAllocation takes blocks from the head.\n\nWhy.\n\n"
      "**I2** \u00b7 invariant \u00b7 C I2\n\nFree blocks are unreferenced.\n";
  const std::vector<ClauseText> expected = {pool_clause, invariant_clause};
  EXPECT_EQ(clauses_of_text(text), expected);
  // Without the empty line there is no sentence; without the origin, neither kind nor origin.
  EXPECT_EQ(clauses_of_text("**I2** \u00b7 invariant \u00b7 C I2\nFree.\n")[0].sentence, "");
  EXPECT_EQ(clauses_of_text("**I2** \u00b7 invariant\n\nFree.\n")[0].kind, "");
}

TEST(RegistryChecks, SeeEveryDifferenceOfTheText) {
  const std::vector<ClauseText> clauses = {pool_clause};
  const auto problems = [&](std::vector<ClauseText> text) { return differences(clauses, text); };
  ClauseText other = pool_clause;
  EXPECT_EQ(problems({}), Problems{"POOL-03 is 0 times in the text"});
  EXPECT_EQ(problems({pool_clause, pool_clause}), Problems{"POOL-03 is 2 times in the text"});
  EXPECT_EQ(problems({pool_clause, invariant_clause}), Problems{"I2 is not in the registry"});
  other.kind = "rejection";
  EXPECT_EQ(problems({other}), Problems{"POOL-03: kind in the text: rejection"});
  other = pool_clause;
  other.origin = "S 13";
  EXPECT_EQ(problems({other}), Problems{"POOL-03: origin in the text: S 13"});
  other = pool_clause;
  other.sentence = "Allocation takes blocks from the tail.";
  EXPECT_EQ(problems({other}), Problems{"POOL-03: sentence in the text: Allocation takes blocks from the tail."});
}

TEST(RegistryChecks, FindCitations) {
  const auto found = [](std::string_view text, Form form = Form::any) { return Citations(text, form).ids(); };
  EXPECT_EQ(found("// [POOL-03, I2] and LOOK-*"), (Ids{"POOL-03", "I2"}));
  EXPECT_EQ(found("ALLOC-01 .. ALLOC-03, CACHE-04"), (Ids{"ALLOC-01", "ALLOC-02", "ALLOC-03", "CACHE-04"}));
  EXPECT_EQ(found("ALLOC-01 .. CACHE-04"), (Ids{"ALLOC-01", "CACHE-04"}));
  EXPECT_EQ(found("Error{Clause::req_02}"), Ids{"REQ-02"});
  EXPECT_EQ(found("Clause::i13 Clause::... Clause clause"), Ids{"I13"});
  EXPECT_EQ(found("POOL-3 XPOOL-03 FREE-lunch I100 C I9 int I_2"), Ids{"POOL-3"});
  EXPECT_EQ(found("// REQ-01\nreturn Error{Clause::req_02};", Form::enumerator), Ids{"REQ-02"});
}

TEST(RegistryChecks, SeeCitationsOfNoClause) {
  const std::vector<ClauseText> clauses = {pool_clause, invariant_clause};
  const std::vector<SourceText> files = {{"a.hpp", "// [POOL-03]"}, {"b.hpp", "// [POOL-99, I3] Clause::pool_3"}};
  const Problems expected = {"b.hpp cites I3", "b.hpp cites POOL-3", "b.hpp cites POOL-99"};
  EXPECT_EQ(unknown_citations(clauses, files), expected);
}

TEST(RegistryChecks, SeeClausesThatNothingCites) {
  const std::vector<ClauseText> clauses = {pool_clause, invariant_clause};
  EXPECT_EQ(not_cited(clauses, "", Ids{"POOL-03", "I2"}), Problems{});
  EXPECT_EQ(not_cited(clauses, "", Ids{"POOL-03"}), Problems{"I2"});
  EXPECT_EQ(not_cited(clauses, "effect", Ids{}), Problems{"POOL-03"});
  EXPECT_EQ(not_cited(clauses, "invariant", Ids{}), Problems{"I2"});
}

}  // namespace
}  // namespace kvspec
