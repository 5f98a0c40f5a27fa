// The subject as a System that can be inspected: what lockstep and the seed's cases are instantiated with.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <variant>

#include "spec/result.hpp"
#include "tests/mutants/hunter/subject.hpp"

namespace kvspec::mutants {

// The one library of this process, loaded by load().
const SubjectLibrary& library();
// What went wrong, empty if nothing did.
std::string load(const std::string& file);

class Loaded {
 public:
  Loaded() = default;
  explicit Loaded(std::unique_ptr<Subject> subject) : subject_(std::move(subject)) {}

  static Result<Loaded> create(const Config<Growing>& config) {
    Result<std::unique_ptr<Subject>> subject = library().create(config);
    if (!subject) return subject.error();
    return Loaded(std::move(subject.value()));
  }

  template <class C>
  Result<typename C::Observation> step(const C& command) {
    Result<Observation<Growing>> result = subject_->step(Command<Growing>(command));
    if (!result) return result.error();
    return std::get<typename C::Observation>(std::move(result.value()));
  }
  View<Growing> view() const { return subject_->view(); }

  Count num_blocks() const { return subject_->num_blocks(); }
  Count num_free() const { return subject_->num_free(); }
  template <class F>
  void walk_free(F&& f) const {
    subject_->walk_free(std::ref(f));
  }
  template <class F>
  void walk_free_backwards(F&& f) const {
    subject_->walk_free_backwards(std::ref(f));
  }
  Count ref_cnt(BlockId b) const { return subject_->ref_cnt(b); }
  Count held(BlockId b) const { return subject_->held(b); }
  bool has_hash(BlockId b) const { return subject_->has_hash(b); }
  Bytes hash(BlockId b) const { return subject_->hash(b); }
  GroupId group(BlockId b) const { return subject_->group(b); }
  Count num_keys() const { return subject_->num_keys(); }
  template <class F>
  void walk_index(F&& f) const {
    subject_->walk_index(std::ref(f));
  }
  Count num_groups() const { return subject_->num_groups(); }
  const GroupSpec& spec(GroupId g) const { return subject_->spec(g); }
  std::int64_t block_size(GroupId g) const { return subject_->block_size(g); }
  std::int64_t max_model_len() const { return subject_->max_model_len(); }
  std::int64_t hash_block_size() const { return subject_->hash_block_size(); }
  bool caching() const { return subject_->caching(); }
  template <class F>
  void walk_tables(GroupId g, F&& f) const {
    subject_->walk_tables(g, std::ref(f));
  }
  template <class F>
  void walk_requests(F&& f) const {
    subject_->walk_requests(std::ref(f));
  }

 private:
  std::unique_ptr<Subject> subject_{};
};

}  // namespace kvspec::mutants
