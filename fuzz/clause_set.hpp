// A set of clauses.
#pragma once

#include <bitset>
#include <cstddef>
#include <string>

#include "spec/clauses.hpp"

namespace kvspec::fuzz {

class ClauseSet {
 public:
  bool has(Clause clause) const { return clauses_.test(static_cast<std::size_t>(clause)); }
  void add(Clause clause) { clauses_.set(static_cast<std::size_t>(clause)); }
  void add(const ClauseSet& others) { clauses_ |= others.clauses_; }
  bool empty() const { return clauses_.none(); }

  // Their ids, with commas between them.
  std::string ids() const {
    std::string text;
    for (const ClauseEntry& entry : clause_registry) {
      if (!has(entry.clause)) continue;
      if (!text.empty()) text += ',';
      text += entry.id;
    }
    return text;
  }

 private:
  std::bitset<clause_registry.size()> clauses_;
};

}  // namespace kvspec::fuzz
