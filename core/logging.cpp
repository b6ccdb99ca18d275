#include "core/logging.h"

#include <spdlog/sinks/basic_file_sink.h>
#include <spdlog/sinks/stdout_color_sinks.h>

#include "core/error.h"

namespace ridgeline {

void set_up_logging(const std::string& level) {
  const std::vector<std::string> levels = {"debug", "info", "warn", "error"};
  if (std::find(levels.begin(), levels.end(), level) == levels.end()) {
    throw Error(ErrorKind::kUsage, "--log-level: '" + level + "' is not one of " + join(levels));
  }
  auto console = std::make_shared<spdlog::sinks::stderr_color_sink_mt>();
  console->set_pattern("%^%l%$: %v");
  console->set_level(spdlog::level::from_str(level));
  auto logger = std::make_shared<spdlog::logger>("ridgeline", std::move(console));
  logger->set_level(spdlog::level::debug);
  spdlog::set_default_logger(std::move(logger));
}

void log_to_file(const std::filesystem::path& path) {
  try {
    auto file = std::make_shared<spdlog::sinks::basic_file_sink_mt>(path.string());
    file->set_pattern("%Y-%m-%d %H:%M:%S.%e %l %v");
    spdlog::default_logger()->sinks().push_back(std::move(file));
    spdlog::default_logger()->flush_on(spdlog::level::debug);
  } catch (const spdlog::spdlog_ex& e) {
    throw Error(ErrorKind::kIo, path.string() + ": cannot write the log: " + e.what());
  }
}

}  // namespace ridgeline
