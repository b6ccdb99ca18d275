#pragma once

#include <string>

namespace ridgeline {

/// Ctrl-C and SIGTERM: the first asks to stop after the running trials, the second to stop now. The
/// second ends the process with exit code 130 within a second, unless it ends by itself; a third
/// ends it at once.
void install_interrupt_handler();
/// For the process of a trial: they are counted, without words and without an end.
void install_trial_interrupt_handler();
/// How often the user has asked to stop.
int interrupts();
/// Throws `kInterrupted`, "stopped WHERE", where the user has asked to stop.
void stop_if_interrupted(const std::string& where);
/// From here on the process ends by itself, however long that takes.
void heed_interrupts();

}  // namespace ridgeline
