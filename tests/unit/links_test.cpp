// The relative links of the documents lead somewhere: to a file of the repository and, behind a #, to a heading in it.
#include <gtest/gtest.h>

#include <cctype>
#include <filesystem>
#include <fstream>
#include <functional>
#include <iterator>
#include <map>
#include <regex>
#include <set>
#include <sstream>
#include <string>
#include <vector>

namespace kvspec {
namespace {

namespace fs = std::filesystem;

// Without what stands in blocks of code, where "](" is no link and "#" no heading.
std::string prose(const std::string& text) {
  std::istringstream lines(text);
  std::string prose;
  bool in_code = false;
  for (std::string line; std::getline(lines, line);) {
    const bool is_fence = line.starts_with("```");
    if (is_fence) in_code = !in_code;
    if (!is_fence && !in_code) prose += line + '\n';
  }
  return prose;
}

// The name that a heading has behind a #, as code hosts make it: small letters, no punctuation, hyphens for spaces.
std::string anchor_of(const std::string& heading) {
  std::string anchor;
  for (const char c : heading) {
    const auto byte = static_cast<unsigned char>(c);
    if (std::isalnum(byte) != 0 || c == '-' || c == '_' || byte >= 0x80) {
      anchor += static_cast<char>(std::tolower(byte));
    } else if (c == ' ') {
      anchor += '-';
    }
  }
  return anchor;
}

// A heading that stands twice has -1 behind its second anchor, and so on.
std::set<std::string> anchors(const std::string& text) {
  std::istringstream lines(prose(text));
  std::set<std::string> anchors;
  std::map<std::string, int> times;
  for (std::string line; std::getline(lines, line);) {
    const std::size_t hashes = line.find_first_not_of('#');
    if (hashes == 0 || hashes == std::string::npos || line[hashes] != ' ') continue;
    const std::string anchor = anchor_of(line.substr(hashes + 1));
    const int before = times[anchor]++;
    anchors.insert(before == 0 ? anchor : anchor + '-' + std::to_string(before));
  }
  return anchors;
}

std::vector<std::string> relative_links(const std::string& text) {
  static const std::regex link(R"(\]\(([^)\s]+)\))");
  const std::string searched = prose(text);
  std::vector<std::string> links;
  for (std::sregex_iterator found(searched.begin(), searched.end(), link), end; found != end; ++found) {
    const std::string target = (*found)[1];
    if (target.find("://") == std::string::npos && !target.starts_with("mailto:")) links.push_back(target);
  }
  return links;
}

std::string read(const fs::path& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

// The links of a document that lead nowhere; `path` is where it lies.
std::vector<std::string> dead_links(const fs::path& path, const std::string& text) {
  std::vector<std::string> dead;
  for (const std::string& link : relative_links(text)) {
    const std::size_t hash = link.find('#');
    const std::string file = link.substr(0, hash);
    const fs::path target = file.empty() ? path : path.parent_path() / file;
    const bool is_there = file.empty() || fs::exists(target);
    const bool leads =
        hash == std::string::npos || anchors(file.empty() ? text : read(target)).contains(link.substr(hash + 1));
    if (!is_there || !leads) dead.push_back(path.filename().string() + ": " + link);
  }
  return dead;
}

TEST(Links, OfTheDocumentsLeadSomewhere) {
  const fs::path root = KVSPEC_SOURCE_DIR;
  std::vector<fs::path> documents = {root / "README.md", root / "fuzz/corpus/README.md"};
  for (const auto& entry : fs::directory_iterator(root / "docs")) {
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  }
  for (const auto& entry : fs::recursive_directory_iterator(root / "fuzz/engines")) {
    if (entry.path().extension() == ".md") documents.push_back(entry.path());
  }
  std::size_t links = 0;
  for (const fs::path& document : documents) {
    const std::string text = read(document);
    links += relative_links(text).size();
    for (const std::string& dead : dead_links(document, text)) ADD_FAILURE() << dead;
  }
  EXPECT_GT(links, 0U);
}

TEST(Links, ThatAreDeadAreSeen) {
  const fs::path here = fs::path(KVSPEC_SOURCE_DIR) / "docs/page.md";
  const std::string text =
      "# A page: of *words*, v1\n\n## Twice\n\n## Twice\n\n```\n# no heading [x](nothing.md)\n```\n"
      "[1](../README.md) [2](#a-page-of-words-v1) [3](#twice-1) [4](https://example.org/x) [5](../README.md#kvspec)\n"
      "[6](nothing.md) [7](#no-heading) [8](../README.md#nothing) [9](#twice-2)\n";
  const std::vector<std::string> dead = {"page.md: nothing.md", "page.md: #no-heading", "page.md: ../README.md#nothing",
                                         "page.md: #twice-2"};
  EXPECT_EQ(dead_links(here, text), dead);
}

}  // namespace
}  // namespace kvspec
