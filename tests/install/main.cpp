// A user of the installed package: the same request on the model and on the implementation.
#include <kvspec/impl/host/manager.hpp>
#include <kvspec/model/manager.hpp>

int main() {
  using namespace kvspec;
  const Config<Growing> config = single_group_config<Growing>(GroupKind::full, 16, 11);
  model::HostModel model = model::HostModel::create(config).value();
  host::Manager host = std::move(host::Manager::create(config).value());
  const AddRequest<Growing> request{.req = "r0", .tokens = TokenList<Growing>(40, 7)};
  return model.step(request) == host.step(request) ? 0 : 1;
}
