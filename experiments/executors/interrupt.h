#pragma once

namespace ridgeline {

/// Ctrl-C and SIGTERM: the first asks to stop after the running trials, the second to stop now.
void install_interrupt_handler();
/// The same without words, for the process of a trial.
void install_trial_interrupt_handler();
/// How often the user has asked to stop.
int interrupts();

}  // namespace ridgeline
