#include "core/progress.h"

#include <unistd.h>

#include <algorithm>
#include <cstdio>

#include "core/units.h"

namespace ridgeline {
namespace {
constexpr std::chrono::milliseconds kTerminalPause{100};
constexpr std::chrono::seconds kPlainPause{5};
constexpr int kBarWidth = 24;
}  // namespace

ProgressBar::ProgressBar(std::string label, int total, int done)
    : label_(std::move(label)),
      total_(total),
      first_(done),
      done_(done),
      terminal_(isatty(STDERR_FILENO) == 1) {
  draw(false);
}

ProgressBar::~ProgressBar() { finish(); }

void ProgressBar::update(int done, const std::string& note) {
  done_ = done;
  note_ = note;
  const auto pause = terminal_ ? Clock::duration(kTerminalPause) : Clock::duration(kPlainPause);
  if (done_ < total_ && Clock::now() - last_draw_ >= pause)
    draw(false);  // the last line is finish's
}

void ProgressBar::finish() {
  if (finished_) return;
  finished_ = true;
  draw(true);
}

std::string ProgressBar::line() const {
  const double elapsed = std::chrono::duration<double>(Clock::now() - start_).count();
  const int fresh = done_ - first_;
  std::string text = label_ + " ";
  if (terminal_) {
    const int filled = done_ < total_ ? kBarWidth * std::max(done_, 0) / total_ : kBarWidth;
    text += "[" + std::string(static_cast<size_t>(filled), '=') +
            std::string(static_cast<size_t>(kBarWidth - filled), ' ') + "] ";
  }
  text += std::to_string(done_) + "/" + std::to_string(total_);
  if (fresh > 0 && elapsed > 0) {
    text += "  " + format_fixed(60.0 * fresh / elapsed, 1) + "/min";
    if (done_ < total_)
      text += "  " + format_duration(elapsed / fresh * (total_ - done_)) + " left";
  }
  if (finished_) text += "  in " + format_duration(elapsed);
  if (!note_.empty()) text += "  " + note_;
  return text;
}

void ProgressBar::draw(bool last) {
  last_draw_ = Clock::now();
  std::string text = line();
  if (terminal_) {
    const size_t width = text.size();
    if (width < last_width_) text += std::string(last_width_ - width, ' ');
    last_width_ = width;
    std::fprintf(stderr, "\r%s%s", text.c_str(), last ? "\n" : "");
  } else {
    std::fprintf(stderr, "%s\n", text.c_str());
  }
  std::fflush(stderr);
}

}  // namespace ridgeline
