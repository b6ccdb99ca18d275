#include "network/published/regnet.h"

#include "network/published/families.h"

namespace ridgeline {
namespace {

/// Tables 5 and 6 of the paper, to the digits of the authors' configuration files.
struct Published {
  const char* size;  // "4.0GF" is "040" in timm's names
  const char* label;
  RegNetRule rule;
};

const Published kX[] = {
    {"002", "200MF", {36.44, 24, 2.49, 13, 8}},   {"004", "400MF", {24.48, 24, 2.54, 22, 16}},
    {"006", "600MF", {36.97, 48, 2.24, 16, 24}},  {"008", "800MF", {35.73, 56, 2.28, 16, 16}},
    {"016", "1.6GF", {34.01, 80, 2.25, 18, 24}},  {"032", "3.2GF", {26.31, 88, 2.25, 25, 48}},
    {"040", "4.0GF", {38.65, 96, 2.43, 23, 40}},  {"064", "6.4GF", {60.83, 184, 2.07, 17, 56}},
    {"080", "8.0GF", {49.56, 80, 2.88, 23, 120}}, {"120", "12GF", {73.36, 168, 2.37, 19, 112}},
    {"160", "16GF", {55.59, 216, 2.1, 22, 128}},  {"320", "32GF", {69.86, 320, 2.0, 23, 168}}};

const Published kY[] = {
    {"002", "200MF", {36.44, 24, 2.49, 13, 8}},    {"004", "400MF", {27.89, 48, 2.09, 16, 8}},
    {"006", "600MF", {32.54, 48, 2.32, 15, 16}},   {"008", "800MF", {38.84, 56, 2.4, 14, 16}},
    {"016", "1.6GF", {20.71, 48, 2.65, 27, 24}},   {"032", "3.2GF", {42.63, 80, 2.66, 21, 24}},
    {"040", "4.0GF", {31.41, 96, 2.24, 22, 64}},   {"064", "6.4GF", {33.22, 112, 2.27, 25, 72}},
    {"080", "8.0GF", {76.82, 192, 2.19, 17, 56}},  {"120", "12GF", {73.36, 168, 2.37, 19, 112}},
    {"160", "16GF", {106.23, 200, 2.48, 18, 112}}, {"320", "32GF", {115.89, 232, 2.53, 20, 232}}};

KnownNetwork known_regnet(const std::string& family, const Published& published, double se_ratio) {
  RegNetConfig config;
  config.name = family + "_" + published.size;
  config.stages = regnet_stages(published.rule);
  config.se_ratio = se_ratio;
  const std::string letter = se_ratio > 0 ? "Y" : "X";
  return {config.name, family, config.resolution,
          "Radosavovic et al. 2020, RegNet" + letter + "-" + published.label,
          [config](int resolution) mutable {
            config.resolution = resolution;
            return regnet(config);
          }};
}

}  // namespace

std::vector<KnownNetwork> regnetxs() {
  std::vector<KnownNetwork> networks;
  for (const Published& published : kX) networks.push_back(known_regnet("regnetx", published, 0));
  return networks;
}

std::vector<KnownNetwork> regnetys() {
  std::vector<KnownNetwork> networks;
  for (const Published& published : kY)
    networks.push_back(known_regnet("regnety", published, 0.25));
  return networks;
}

}  // namespace ridgeline
