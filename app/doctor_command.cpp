#include <cstdlib>
#include <iostream>
#include <nlohmann/json.hpp>

#include "app/commands.h"
#include "core/error.h"
#include "doctor/doctor.h"
#include "runtime/versions.h"

namespace ridgeline {
namespace {

void print_finding(const Finding& finding) {
  std::string verdict = enum_name(finding.verdict);
  verdict.resize(9, ' ');
  std::cout << verdict << finding.check << ": " << finding.seen
            << (finding.remedy.empty() ? "" : "; remedy: " + finding.remedy) << std::endl;
}

nlohmann::ordered_json json_of(const Finding& finding) {
  return {{"check", finding.check},
          {"verdict", enum_name(finding.verdict)},
          {"seen", finding.seen},
          {"remedy", finding.remedy}};
}

}  // namespace

std::string version_text(const std::string& ridgeline_version) {
  const RuntimeVersions versions = runtime_versions();
  return "ridgeline " + ridgeline_version + "\nlibtorch " + versions.libtorch + "\ncuda " +
         versions.cuda + "\ncudnn " + versions.cudnn + "\nblas " + versions.blas + "\ncompiler " +
         versions.compiler;
}

void doctor_command(const DoctorOptions& options) {
  int problems = 0;
  auto all = nlohmann::ordered_json::array();
  const bool all_ended =
      examine({.runs = options.runs, .time_limit = std::chrono::seconds(options.time_limit_s)},
              [&](const Finding& finding) {
                if (finding.verdict == Verdict::kProblem) ++problems;
                if (options.json) {
                  all.push_back(json_of(finding));
                } else {
                  print_finding(finding);
                }
              });
  if (options.json) std::cout << all.dump(2) << "\n";
  std::cout.flush();
  const std::string summary = std::to_string(problems) + (problems == 1 ? " problem" : " problems");
  if (!all_ended) {  // a check still hangs in its thread: nothing may wait for it
    std::cerr << "ridgeline: " << summary << "\n";
    std::_Exit(static_cast<int>(ErrorKind::kSetup));
  }
  if (problems > 0) throw Error(ErrorKind::kSetup, summary);
}

}  // namespace ridgeline
