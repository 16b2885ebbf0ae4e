// Calls functions of a script and converts what they return.
#include <apy/apy.h>

#include <cstdio>

constexpr const char* kScript = R"(
def mean(numbers):
    return sum(numbers) / len(numbers)

def describe(name, *, shout=False):
    text = f'{name} has {len(name)} letters'
    return text.upper() if shout else text

class Account:
    def __init__(self, owner):
        self.owner = owner
        self.balance = 0

    def deposit(self, amount):
        self.balance += amount
        return self.balance

settings = {'retries': 3, 'hosts': ['alpha', 'beta']}
)";

int main() {
  apy::Engine engine;
  if (auto loaded = engine.run_source(kScript, "<library>"); !loaded) {
    std::fputs(loaded.failure().traceback.c_str(), stderr);
    return 1;
  }

  // C++ values go in, a C++ value comes out; both conversions can fail, value() is for when they
  // cannot.
  double mean = engine.call("mean", std::vector<double>{1, 2, 6}).value().to<double>().value();
  std::printf("mean: %g\n", mean);
  std::printf("%s\n", engine.call("describe", "apy").value().to<std::string>().value().c_str());

  // Objects stay script objects behind a handle.
  apy::Handle account = engine.call("Account", "Ada").value();
  apy::Handle deposit = account.attribute("deposit").value();
  (void)deposit(100).value();
  std::printf("balance: %ld\n", static_cast<long>(deposit(50).value().to<int64_t>().value()));
  std::printf("type: %s, owner: %s\n", account.type_name().c_str(),
              account.attribute("owner").value().to<std::string>().value().c_str());

  apy::Handle settings = engine.global("settings").value();
  auto hosts =
      settings.item(engine.make("hosts").value()).value().to<std::vector<std::string>>().value();
  std::printf("%zu hosts, the first is %s\n", hosts.size(), hosts.front().c_str());
  std::printf("%s\n", engine.evaluate("sorted(settings)").value().repr().value().c_str());
}
