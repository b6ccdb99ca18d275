#include "app/proxy_options.h"

#include "app/proxy_commands.h"
#include "app/shared_options.h"

namespace ridgeline {
namespace {

CLI::Option* add_lab_options(CLI::App* sub, ProxyTrainingOptions& options) {
  auto* config = sub->add_option("config", options.config, "experiment file")->type_name("FILE");
  add_settings(sub, options.settings, "change a key of the file; may be repeated");
  add_strict(sub, options.strict);
  sub->add_option("--networks", options.networks, "networks, spread over the space")
      ->check(CLI::Range(3, 500))
      ->capture_default_str();
  sub->add_option("--out", options.out,
                  "folder of the trainings and reports; the same folder again continues, and "
                  "trains nothing twice (default: proxy/NAME)")
      ->type_name("DIR");
  return config;
}

void add_full_options(CLI::App* sub, ProxyTrainingOptions& options) {
  sub->add_option("--full-epochs", options.full_epochs,
                  "epochs of the full training (default: four times accuracy.training.epochs)")
      ->check(CLI::Range(1, 100000));
  sub->add_option("--wanted", options.wanted, "Kendall that is asked for")
      ->check(CLI::Range(0.0, 1.0))
      ->capture_default_str();
}

void add_check(CLI::App* proxy) {
  static ProxyCheckOptions check;
  auto* sub = proxy->add_subcommand(
      "check", "does the short training of a search rank networks as a full one does?");
  sub->footer(
      "example:\n  ridgeline proxy check my.yaml --networks 20 --seeds 2\n"
      "  ridgeline proxy check --table trainings.csv --proxy a1 a2 --full b1 b2");
  auto* config = add_lab_options(sub, check);
  add_full_options(sub, check);
  sub->add_option("--seeds", check.seeds, "trainings per network and budget")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  auto* table = sub->add_option("--table", check.table, "CSV of recorded trainings: trains nothing")
                    ->type_name("FILE.csv")
                    ->excludes(config);
  auto* columns = sub->add_option("--proxy", check.proxy, "columns of the short trainings")
                      ->type_name("COLUMN...")
                      ->delimiter(',')
                      ->needs(table);
  auto* full = sub->add_option("--full", check.full, "columns of the full trainings")
                   ->type_name("COLUMN...")
                   ->delimiter(',')
                   ->needs(table);
  table->needs(columns)->needs(full);
  sub->callback([] { proxy_check_command(check); });
}

void add_design(CLI::App* proxy) {
  static ProxyDesignOptions design;
  auto* sub = proxy->add_subcommand(
      "design", "try cheaper trainings and propose the cheapest that keeps the ranking");
  sub->footer("example:\n  ridgeline proxy design my.yaml --hours 2");
  add_lab_options(sub, design)->required();
  add_full_options(sub, design);
  sub->add_option("--hours", design.hours, "wall time to spend, earlier trainings included")
      ->required()
      ->check(CLI::Range(0.0, 1e5));
  sub->add_option("--epochs", design.epochs, "to try (default: 1/8, 1/4 and 1/2 of the full ones)")
      ->check(CLI::Range(1, 100000));
  const auto factors = [&](const char* name, std::vector<double>& values, const char* what) {
    sub->add_option(name, values, what)->check(CLI::Range(0.05, 1.0))->capture_default_str();
  };
  factors("--resolution", design.resolution, "factors of the input resolution to try");
  factors("--width", design.width, "factors of the filters to try");
  factors("--images", design.images, "shares of the training images to try");
  sub->callback([] { proxy_design_command(design); });
}

void add_scores(CLI::App* proxy) {
  static ProxyScoresOptions scores;
  scores.networks = 40;
  auto* sub = proxy->add_subcommand(
      "scores", "zero-cost scores of networks, and how they agree with their trainings");
  sub->footer("example:\n  ridgeline proxy scores my.yaml --networks 40");
  add_lab_options(sub, scores)->required();
  sub->add_option("--seeds", scores.seeds, "trainings per network")
      ->check(CLI::Range(1, 100))
      ->capture_default_str();
  sub->add_option("--batch", scores.batch, "images that a score looks at")
      ->check(CLI::Range(2, 4096))
      ->capture_default_str();
  sub->callback([] { proxy_scores_command(scores); });
}

}  // namespace

void add_proxy_commands(CLI::App& app) {
  auto* proxy = app.add_subcommand("proxy", "is the short training of a search a good judge?");
  proxy->require_subcommand(1);
  add_check(proxy);
  add_design(proxy);
  add_scores(proxy);
}

}  // namespace ridgeline
