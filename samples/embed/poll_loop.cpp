// A host with an event loop of its own (here: poll(2) on a pipe) that gives the engine a turn
// whenever it has something to do.
#include <apy/apy.h>
#include <poll.h>
#include <unistd.h>

#include <cstdio>

constexpr const char* kScript = R"(
import asyncio

inbox = asyncio.Queue()

async def clock():
    for tick in range(3):
        await asyncio.sleep(0.01)
        print('tick', tick)
        send('tock' if tick < 2 else 'stop')

async def listener():
    while (message := await inbox.get()) != 'stop':
        print('from the pipe:', message)
    print('listener ends')
)";

int main() {
  // What happens in the host's world: messages of four letters come through a pipe.
  int channel[2];
  if (pipe(channel) != 0) return 1;

  apy::Engine engine;
  engine
      .define("send",
              [&](const std::string& text) { return write(channel[1], text.data(), 4) == 4; })
      .value();
  if (auto loaded = engine.run_source(kScript); !loaded) {
    engine.report(loaded.failure());
    return 1;
  }
  (void)engine.spawn(engine.call("clock").value()).value();
  (void)engine.spawn(engine.call("listener").value()).value();
  apy::Handle put = engine.global("inbox").value().attribute("put_nowait").value();

  while (engine.has_pending()) {
    // The engine says what to wait for beside the host's own sources, and how long at most.
    apy::Engine::Wait wait = engine.prepare_wait().value();
    int timeout =
        wait.timeout ? static_cast<int>((wait.timeout->count() + 999'999) / 1'000'000) : -1;
    pollfd sources[] = {{channel[0], POLLIN, 0}, {wait.descriptor, POLLIN, 0}};
    poll(sources, 2, timeout);
    char text[4];
    if ((sources[0].revents & POLLIN) && read(channel[0], text, 4) == 4)
      (void)put(std::string(text, 4)).value();
    if (auto turned = engine.poll(); !turned) {
      engine.report(turned.failure());
      return 1;
    }
  }
  close(channel[0]);
  close(channel[1]);
}
