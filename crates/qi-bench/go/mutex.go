// Workloads about a lock: 1000 goroutines at it, held for one increment or over a yield.
package main

import (
	"runtime"
	"sync"
)

func mutex(j job, operations int, held bool) sample {
	const tasks = 1000
	run := func(times int) {
		var lock sync.Mutex
		number := 0
		var all sync.WaitGroup
		all.Add(tasks)
		for task := 0; task < tasks; task++ {
			go func() {
				for i := 0; i < times; i++ {
					lock.Lock()
					if held {
						runtime.Gosched()
					}
					number++
					lock.Unlock()
				}
				all.Done()
			}()
		}
		all.Wait()
		if number != tasks*times {
			panic("two were in at once")
		}
	}
	times := j.count(operations) / tasks
	run(times / 10)
	return measure(tasks*times, func() { run(times) })
}
