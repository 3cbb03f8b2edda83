#include "build/deployment/exchange.h"

#include "build/compilation.h"

namespace rvb::build {

namespace {

class Folding : public Compilation {
public:
  Folding(const Options& options, bool signs) : Compilation(options) {
    choose_target();
    facts.signs = signs;
    module = generate(program, {true, false, false, false});
    hash_ = take_weights();
  }

  Exchange result() { return {std::move(program), std::move(module), std::move(hash_)}; }

private:
  std::string hash_;
};

} // namespace

Exchange with_weights(const Options& options) {
  return Folding(options, true).result();
}

Exchange fold_for_exchange(const Options& options, bool signs) {
  Folding folding(options, signs);
  folding.run(exchange());
  return folding.result();
}

} // namespace rvb::build
