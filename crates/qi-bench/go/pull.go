//go:build go1.23

// The switch of a coroutine without a scheduler: what `iter.Pull` does, which older toolchains lack.
package main

import "iter"

func switches(count int) {
	next, stop := iter.Pull(func(yield func(int) bool) {
		for number := 0; number < count; number++ {
			if !yield(number) {
				return
			}
		}
	})
	defer stop()
	for {
		if _, more := next(); !more {
			return
		}
	}
}

func init() {
	workloads["coroutine-switch"] = func(j job) sample { return coroutineOperations(j, 10000000, switches) }
}
