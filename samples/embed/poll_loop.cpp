// A host with an event loop of its own (here: poll(2) on a pipe) that gives the engine a turn whenever it has something
// to do.
#include <apy/apy.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>
#include <thread>

constexpr const char* kScript = R"(
import asyncio

async def clock():
    for tick in range(3):
        await asyncio.sleep(0.02)
        print('tick', tick)

inbox = asyncio.Queue()

async def listener():
    while (message := await inbox.get()) != 'bye':
        print('message:', message)
    print('listener ends')
)";

int main() {
  apy::Engine engine;
  if (auto loaded = engine.run_source(kScript); !loaded) {
    engine.report(loaded.failure());
    return 1;
  }
  (void)engine.spawn(engine.call("clock").value()).value();
  (void)engine.spawn(engine.call("listener").value()).value();
  apy::Handle put = engine.global("inbox").value().attribute("put_nowait").value();

  // The host's own source of events.
  int channel[2];
  if (pipe(channel) != 0) return 1;
  std::thread sender([&] {
    for (const char* message : {"hello", "again", "bye"}) {
      std::this_thread::sleep_for(std::chrono::milliseconds(30));
      (void)!write(channel[1], message, 5);
    }
  });

  bool pending = true;
  while (pending) {
    apy::Engine::Wait wait = engine.prepare_wait().value();
    int timeout = wait.timeout ? static_cast<int>((wait.timeout->count() + 999'999) / 1'000'000) : -1;
    pollfd sources[] = {{channel[0], POLLIN, 0}, {wait.descriptor, POLLIN, 0}};
    poll(sources, 2, timeout);
    if (sources[0].revents & POLLIN) {
      char text[6] = {};
      if (read(channel[0], text, 5) > 0) (void)put(std::string(text[2] == 'e' ? "bye" : text)).value();
    }
    auto turned = engine.poll();
    if (!turned) {
      engine.report(turned.failure());
      break;
    }
    pending = *turned;
  }
  sender.join();
  close(channel[0]);
  close(channel[1]);
}
