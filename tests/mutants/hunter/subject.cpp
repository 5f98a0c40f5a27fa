// The part of the shared object that knows the implementation. The rest is impl/host itself.
#include "tests/mutants/hunter/subject.hpp"

#include <utility>

#include "impl/host/hash_index.hpp"
#include "impl/host/manager.hpp"

#ifdef KVSPEC_CHANGE
int kvspec_change = 0;
#endif

namespace kvspec::mutants {
namespace {

template <class Hash>
Bytes bytes_of(const Hash& hash) {
  Bytes bytes;
  for (const std::uint8_t byte : hash) bytes.push_back(byte);
  return bytes;
}

class HostSubject final : public Subject {
 public:
  explicit HostSubject(host::Manager manager) : manager_(std::move(manager)) {}

  Result<Observation<Growing>> step(const Command<Growing>& command) override {
    return kvspec::step<host::Manager, Growing>(manager_, command);
  }
  View<Growing> view() const override { return manager_.view(); }

  Count num_blocks() const override { return manager_.num_blocks(); }
  Count num_free() const override { return manager_.num_free(); }
  void walk_free(const BlockWalk& f) const override { manager_.walk_free(f); }
  void walk_free_backwards(const BlockWalk& f) const override { manager_.walk_free_backwards(f); }
  Count ref_cnt(BlockId b) const override { return manager_.ref_cnt(b); }
  Count held(BlockId b) const override { return manager_.held(b); }
  bool has_hash(BlockId b) const override { return manager_.has_hash(b); }
  Bytes hash(BlockId b) const override { return bytes_of(manager_.hash(b)); }
  GroupId group(BlockId b) const override { return manager_.group(b); }
  Count num_keys() const override { return manager_.num_keys(); }
  void walk_index(const IndexWalk& f) const override {
    manager_.walk_index([&](const auto& hash, GroupId g, BlockId b, bool first) { f(bytes_of(hash), g, b, first); });
  }
  Count num_groups() const override { return manager_.num_groups(); }
  const GroupSpec& spec(GroupId g) const override { return manager_.spec(g); }
  std::int64_t block_size(GroupId g) const override { return manager_.block_size(g); }
  std::int64_t max_model_len() const override { return manager_.max_model_len(); }
  std::int64_t hash_block_size() const override { return manager_.hash_block_size(); }
  bool caching() const override { return manager_.caching(); }
  void walk_tables(GroupId g, const TableWalk& f) const override {
    manager_.walk_tables(g, [&](std::string_view req, const auto& table, std::optional<Count> cached, Count tokens) {
      f(req, Table(table.data(), table.size()), cached, tokens);
    });
  }
  void walk_requests(const RequestWalk& f) const override { manager_.walk_requests(f); }

 private:
  host::Manager manager_;
};

class HostSubjectIndex final : public SubjectIndex {
 public:
  explicit HostSubjectIndex(std::size_t num_blocks) : index_(num_blocks) {}
  void insert(const BlockKey<Growing>& key, BlockId b) override { index_.insert(key, b); }
  bool pop(const BlockKey<Growing>& key, BlockId b) override { return index_.pop(key, b); }
  std::optional<BlockId> first(const BlockKey<Growing>& key) const override { return index_.first(key); }

 private:
  host::HashIndex index_;
};

Result<std::unique_ptr<Subject>> create(const Config<Growing>& config) {
  Result<host::Manager> manager = host::Manager::create(config);
  if (!manager) return manager.error();
  return std::unique_ptr<Subject>(std::make_unique<HostSubject>(std::move(manager.value())));
}

std::unique_ptr<SubjectIndex> make_index(std::size_t num_blocks) {
  return std::make_unique<HostSubjectIndex>(num_blocks);
}

#ifdef KVSPEC_CHANGE
void activate(int change) { kvspec_change = change; }
constexpr SubjectLibrary library{create, make_index, activate};
#else
constexpr SubjectLibrary library{create, make_index, nullptr};
#endif

}  // namespace
}  // namespace kvspec::mutants

__attribute__((visibility("default"))) const kvspec::mutants::SubjectLibrary* kvspec_subject_library() {
  return &kvspec::mutants::library;
}
