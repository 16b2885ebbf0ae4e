#include "runtime/loop/poller.h"

#include <doctest/doctest.h>
#include <poll.h>
#include <signal.h>
#include <unistd.h>
#include <uv.h>

#include <algorithm>
#include <cerrno>
#include <thread>

#include "runtime/loop/clock.h"
#include "runtime/loop/signal_watch.h"
#include "runtime/loop/work.h"

namespace apy {
namespace {

constexpr int64_t kMillisecond = 1000000;
constexpr int64_t kMinute = 60000 * kMillisecond;

int64_t time_of_poll(Poller& poller, int64_t timeout) {
  const int64_t start = monotonic_nanoseconds();
  poller.poll(timeout);
  return monotonic_nanoseconds() - start;
}

bool is_readable(int descriptor) {
  pollfd entry{descriptor, POLLIN, 0};
  return ::poll(&entry, 1, 0) == 1;
}

TEST_CASE("poller: waits as long as asked, to less than a millisecond") {
  Poller poller;
  for (const int64_t timeout : {300000, 1000000, 2500000}) {
    int64_t least = kMinute;  // of several: the machine may be busy
    for (int i = 0; i < 20; ++i) {
      const int64_t time = time_of_poll(poller, timeout);
      CHECK(time >= timeout);
      least = std::min(least, time);
    }
    CHECK(least < timeout + kMillisecond);
  }
  CHECK_FALSE(poller.has_io());
}

TEST_CASE("poller: the same with libuv in use") {
  uv_async_t async;
  Poller poller;
  REQUIRE(poller.uv_loop() != nullptr);
  REQUIRE(uv_async_init(poller.uv_loop(), &async, nullptr) == 0);
  CHECK(poller.has_io());
  int64_t least = kMinute;
  for (int i = 0; i < 20; ++i) least = std::min(least, time_of_poll(poller, 300000));
  CHECK(least >= 300000);
  CHECK(least < 300000 + kMillisecond);
}

struct Noted {
  int descriptor = -1;
  unsigned events = 0;
  int count = 0;
};

void listen_to(Poller& poller, Noted* noted) {
  poller.set_listener(
      [](void* owner, int descriptor, unsigned events) {
        auto* into = static_cast<Noted*>(owner);
        into->descriptor = descriptor;
        into->events = events;
        ++into->count;
      },
      noted);
}

TEST_CASE("poller: a watched descriptor ends a wait and is told") {
  Poller poller;
  Noted noted;
  listen_to(poller, &noted);
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(poller.watch(ends[0], 0, DescriptorSet::kReadable) == 0);
  CHECK(poller.has_io());
  CHECK(time_of_poll(poller, kMillisecond) >= kMillisecond);
  CHECK(noted.count == 0);
  REQUIRE(write(ends[1], "x", 1) == 1);
  CHECK(time_of_poll(poller, kMinute) < kMinute / 2);
  CHECK(noted.descriptor == ends[0]);
  CHECK(noted.events == DescriptorSet::kReadable);
  poller.poll(0);  // also when the loop has other things to do
  CHECK(noted.count == 2);
  std::thread waker([&] { poller.wake(); });
  REQUIRE(poller.watch(ends[0], DescriptorSet::kReadable, 0) == 0);
  CHECK_FALSE(poller.has_io());
  CHECK(poller.poll(kMinute));
  waker.join();
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("poller: wake-ups and time-outs while descriptors are watched") {
  Poller poller;
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(poller.watch(ends[0], 0, DescriptorSet::kReadable) == 0);
  poller.wake();
  CHECK(poller.poll(kMinute));
  std::thread waker([&] { poller.wake(); });
  CHECK(poller.poll(kMinute));
  waker.join();
  int64_t least = kMinute;
  for (int i = 0; i < 20; ++i) least = std::min(least, time_of_poll(poller, 300000));
  CHECK(least >= 300000);
  CHECK(least < 300000 + kMillisecond);
  close(ends[0]);
  close(ends[1]);
}

TEST_CASE("poller: a descriptor that was closed behind its back, and what cannot be watched") {
  Poller poller;
  Noted noted;
  listen_to(poller, &noted);
  int ends[2], others[2];
  REQUIRE(pipe(ends) == 0);
  REQUIRE(pipe(others) == 0);
  REQUIRE(poller.watch(ends[0], 0, DescriptorSet::kReadable) == 0);
  const int number = ends[0];
  close(ends[0]);
  REQUIRE(dup2(others[1], number) == number);  // the number stands for something else now
  CHECK(poller.watch(number, DescriptorSet::kReadable, DescriptorSet::kWritable) == 0);
  poller.poll(0);
  CHECK(noted.events == DescriptorSet::kWritable);
  close(number);
  CHECK(poller.watch(number, DescriptorSet::kWritable, 0) == 0);
  CHECK(poller.watch(number, 0, DescriptorSet::kReadable) == EBADF);
  CHECK_FALSE(poller.has_io());
  close(ends[1]);
  close(others[0]);
  close(others[1]);
}

TEST_CASE("poller: wake-ups before a wait are kept, and several are one") {
  Poller poller;
  CHECK_FALSE(poller.poll(0));
  poller.wake();
  poller.wake();
  CHECK(poller.poll(Poller::kForever));
  CHECK_FALSE(poller.poll(0));
  poller.wake();
  CHECK(poller.poll(0));
  CHECK_FALSE(poller.poll(kMillisecond));
}

TEST_CASE("poller: another thread ends a wait without limit") {
  Poller poller;
  for (int i = 0; i < 200; ++i) {
    std::thread other([&] {
      if (i % 2 == 0) std::this_thread::yield();
      poller.wake();
    });
    CHECK(poller.poll(Poller::kForever));
    other.join();
  }
  CHECK_FALSE(poller.poll(0));
}

TEST_CASE("poller: no wake-up of many threads is lost") {
  Poller poller;
  std::atomic<int> sent{0};
  constexpr int kThreads = 4;
  constexpr int kEach = 5000;
  std::thread threads[kThreads];
  for (std::thread& thread : threads) {
    thread = std::thread([&] {
      for (int i = 0; i < kEach; ++i) {
        sent.fetch_add(1);
        poller.wake();
      }
    });
  }
  // Each poll without limit must return while something sent has not been seen.
  int seen = 0;
  while (seen < kThreads * kEach) {
    poller.poll(Poller::kForever);
    seen = sent.load();
  }
  for (std::thread& thread : threads) thread.join();
  CHECK(seen == kThreads * kEach);
}

struct Pipe {
  Pipe() { REQUIRE(pipe(ends) == 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  void put() { REQUIRE(write(ends[1], "x", 1) == 1); }
  int ends[2];
};

// Outlives its poller, which closes the handle.
struct Reader {
  Poller* poller = nullptr;
  int count = 0;
  uv_poll_t handle{};

  void start(Poller& its_poller, int descriptor) {
    poller = &its_poller;
    REQUIRE(uv_poll_init(poller->uv_loop(), &handle, descriptor) == 0);
    handle.data = this;
    uv_poll_start(&handle, UV_READABLE, [](uv_poll_t* each, int, int) {
      auto* self = static_cast<Reader*>(each->data);
      char byte;
      int descriptor_now = -1;
      uv_fileno(reinterpret_cast<uv_handle_t*>(each), &descriptor_now);
      self->count += read(descriptor_now, &byte, 1) == 1;
      self->poller->note_ready();
    });
  }
};

TEST_CASE("poller: input that is there already is delivered without waiting") {
  Pipe pipe;
  Reader reader;
  Poller poller;
  reader.start(poller, pipe.ends[0]);
  pipe.put();
  CHECK(time_of_poll(poller, kMinute) < kMinute / 2);
  CHECK(reader.count == 1);
  poller.poll(0);
  CHECK(reader.count == 1);
  pipe.put();
  poller.poll(0);
  CHECK(reader.count == 2);
}

TEST_CASE("poller: input ends a wait") {
  Pipe pipe;
  Reader reader;
  Poller poller;
  reader.start(poller, pipe.ends[0]);
  std::thread other([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(5));
    pipe.put();
  });
  CHECK_FALSE(poller.poll(Poller::kForever));
  CHECK(reader.count == 1);
  other.join();
}

TEST_CASE("poller: a host can wait on one descriptor") {
  Pipe pipe;
  Reader reader;
  Poller poller;
  const int descriptor = poller.host_descriptor();
  REQUIRE(descriptor >= 0);
  CHECK(poller.host_descriptor() == descriptor);
  REQUIRE(poller.arm());
  CHECK(poller.arm());
  CHECK_FALSE(is_readable(descriptor));
  poller.wake();
  CHECK(is_readable(descriptor));
  CHECK_FALSE(poller.arm());
  CHECK(poller.poll(0));
  CHECK_FALSE(is_readable(descriptor));
  poller.wake();  // while the host does something else
  CHECK_FALSE(poller.arm());
  CHECK(poller.poll(0));

  reader.start(poller, pipe.ends[0]);
  REQUIRE(poller.arm());
  CHECK_FALSE(is_readable(descriptor));
  pipe.put();
  CHECK(is_readable(descriptor));
  poller.poll(0);
  CHECK(reader.count == 1);
  CHECK_FALSE(is_readable(descriptor));
}

struct Hooked {
  std::atomic<int> last{0};
  static void note(void* argument, int number) { static_cast<Hooked*>(argument)->last = number; }
};

TEST_CASE("signal watch: notes, hooks and wakes") {
  Poller poller;
  Hooked hooked;
  SignalWatch watch(&poller, Hooked::note, &hooked);
  CHECK_FALSE(watch.watch(0));
  CHECK_FALSE(watch.watch(65));
  CHECK_FALSE(watch.watch(SIGKILL));
  REQUIRE(watch.watch(SIGINT));
  CHECK(watch.watch(SIGINT));
  CHECK(watch.is_watched(SIGINT));
  CHECK_FALSE(watch.any());
  raise(SIGINT);
  CHECK(hooked.last == SIGINT);
  CHECK(watch.any());
  CHECK(poller.poll(Poller::kForever));
  CHECK(watch.take() == uint64_t{1} << (SIGINT - 1));
  CHECK(watch.take() == 0);
}

TEST_CASE("signal watch: a signal ends a wait, whichever thread gets it") {
  Poller poller;
  SignalWatch watch(&poller);
  REQUIRE(watch.watch(SIGUSR1));
  for (int i = 0; i < 20; ++i) {
    std::thread other([&] {
      if (i % 2 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(1));
      if (i % 4 == 1) {
        raise(SIGUSR1);
      } else {
        kill(getpid(), SIGUSR1);
      }
    });
    while (!watch.any()) poller.poll(Poller::kForever);
    CHECK(watch.take() == uint64_t{1} << (SIGUSR1 - 1));
    other.join();
  }
}

volatile sig_atomic_t former_calls = 0;

TEST_CASE("signal watch: the former handler comes back, and nobody takes a watched signal") {
  struct sigaction mine {};
  struct sigaction before {};
  mine.sa_handler = [](int) { former_calls = former_calls + 1; };
  sigaction(SIGUSR2, &mine, &before);
  {
    SignalWatch watch(nullptr);
    SignalWatch second(nullptr);
    REQUIRE(watch.watch(SIGUSR2));
    CHECK_FALSE(second.watch(SIGUSR2));
    second.unwatch(SIGUSR2);
    raise(SIGUSR2);
    CHECK(former_calls == 0);
    CHECK(watch.any());
    watch.unwatch(SIGUSR2);
    raise(SIGUSR2);
    CHECK(former_calls == 1);
    REQUIRE(second.watch(SIGUSR2));
  }
  raise(SIGUSR2);
  CHECK(former_calls == 2);
  sigaction(SIGUSR2, &before, nullptr);
}

struct Sum final : Work {
  void run() noexcept override {
    ran_on = std::this_thread::get_id();
    for (int i = 1; i <= 100; ++i) total += i;
  }
  void done(bool was_cancelled) noexcept override {
    finished = true;
    cancelled = was_cancelled;
    poller->note_ready();
  }
  Poller* poller = nullptr;
  std::thread::id ran_on;
  int total = 0;
  bool finished = false;
  bool cancelled = false;
};

TEST_CASE("work: runs on another thread and is finished on this one") {
  Poller poller;
  Sum sum;
  sum.poller = &poller;
  CHECK_FALSE(sum.cancel());
  REQUIRE(sum.submit(poller));
  CHECK_FALSE(sum.submit(poller));
  CHECK(poller.has_io());
  while (!sum.finished) poller.poll(Poller::kForever);
  CHECK(sum.total == 5050);
  CHECK_FALSE(sum.cancelled);
  CHECK(sum.ran_on != std::this_thread::get_id());
  CHECK_FALSE(sum.is_submitted());
  CHECK_FALSE(poller.has_io());
  REQUIRE(sum.submit(poller));
  while (sum.is_submitted()) poller.poll(Poller::kForever);
  CHECK(sum.total == 10100);
}

TEST_CASE("poller: its end closes what was left open") {
  Pipe pipe;
  uv_async_t async;
  Sum sum;
  {
    Poller poller;
    sum.poller = &poller;
    REQUIRE(uv_async_init(poller.uv_loop(), &async, nullptr) == 0);
    REQUIRE(sum.submit(poller));
  }
  CHECK(sum.finished);
}

}  // namespace
}  // namespace apy
