// The kinds of description that this folder exports, for the table in engine/modules.cc.
#pragma once

#include "files/epoll.h"
#include "files/eventfd.h"
#include "files/inotify.h"
#include "files/memfd.h"
#include "files/pipe.h"
#include "files/regular.h"
#include "files/signalfd.h"
#include "files/timerfd.h"
