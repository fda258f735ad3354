// Clients of a crash campaign that have deliveries pushed to its passive recipient.
#pragma once
#include "crash/load.h"

namespace crash {

// One ForwardDelivery (by itself or in a dialog) or MediateDelivery with protocol (always in a
// dialog), sent again octet for octet when the connection breaks.
void push_one(Client& client, osci::MessageType type);

} // namespace crash
