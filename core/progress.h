#pragma once

#include <chrono>
#include <string>

namespace ridgeline {

/// Progress of a known number of steps on stderr: a bar redrawn at most ten times a second on a
/// terminal, one plain line every few seconds otherwise. Says rate, a caller's note, and time left.
class ProgressBar {
 public:
  /// `done` steps were finished before this process began (a resumed run): they count as progress,
  /// not as rate.
  ProgressBar(std::string label, int total, int done = 0);
  ~ProgressBar();
  ProgressBar(const ProgressBar&) = delete;
  ProgressBar& operator=(const ProgressBar&) = delete;

  void update(int done, const std::string& note);
  void finish();

 private:
  using Clock = std::chrono::steady_clock;
  void draw(bool last);
  std::string line() const;

  std::string label_;
  int total_;
  int first_;
  int done_;
  std::string note_;
  bool terminal_;
  bool finished_ = false;
  Clock::time_point start_ = Clock::now();
  Clock::time_point last_draw_{};
  size_t last_width_ = 0;
};

}  // namespace ridgeline
