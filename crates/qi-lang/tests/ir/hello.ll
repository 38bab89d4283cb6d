; A whole program as a compiler lowers it, for LLVM 18 to 21: a coroutine that sleeps a millisecond and gives
; 42, and a main that starts it and waits. docs/qi-language.md says how it is linked.

declare void @qi_coro_register_ops(ptr, ptr, ptr, ptr)
declare ptr @qi_coro_spawn(ptr)
declare void @qi_coro_sleep(i64)
declare i64 @qi_future_await_i64(ptr)
declare token @llvm.coro.id(i32, ptr, ptr, ptr)
declare i64 @llvm.coro.size.i64()
declare ptr @llvm.coro.begin(token, ptr)
declare token @llvm.coro.save(ptr)
declare i8 @llvm.coro.suspend(token, i1)
declare ptr @llvm.coro.free(token, ptr)
declare i1 @llvm.coro.end(ptr, i1, token)
declare void @llvm.coro.resume(ptr)
declare i1 @llvm.coro.done(ptr)
declare void @llvm.coro.destroy(ptr)
declare ptr @llvm.coro.promise(ptr, i32, i1)
declare ptr @malloc(i64)
declare void @free(ptr)
declare i32 @printf(ptr, ...)

@format = private constant [6 x i8] c"%lld\0A\00"

define ptr @answer(i64 %ms) presplitcoroutine {
entry:
  %promise = alloca i64
  store i64 0, ptr %promise
  %id = call token @llvm.coro.id(i32 8, ptr %promise, ptr null, ptr null)
  %size = call i64 @llvm.coro.size.i64()
  %mem = call ptr @malloc(i64 %size)
  %hdl = call ptr @llvm.coro.begin(token %id, ptr %mem)
  call void @qi_coro_sleep(i64 %ms)
  %save = call token @llvm.coro.save(ptr null)
  %state = call i8 @llvm.coro.suspend(token %save, i1 false)
  switch i8 %state, label %leave [i8 0, label %resume i8 1, label %cleanup]
resume:
  store i64 42, ptr %promise
  %save.end = call token @llvm.coro.save(ptr null)
  %state.end = call i8 @llvm.coro.suspend(token %save.end, i1 true)
  switch i8 %state.end, label %leave [i8 0, label %never i8 1, label %cleanup]
never:
  unreachable
cleanup:
  %freed = call ptr @llvm.coro.free(token %id, ptr %hdl)
  call void @free(ptr %freed)
  br label %leave
leave:
  %ended = call i1 @llvm.coro.end(ptr %hdl, i1 false, token none)
  ret ptr %hdl
}

define private void @resume(ptr %frame) {
  call void @llvm.coro.resume(ptr %frame)
  ret void
}
define private i1 @done(ptr %frame) {
  %done = call i1 @llvm.coro.done(ptr %frame)
  ret i1 %done
}
define private void @destroy(ptr %frame) {
  call void @llvm.coro.destroy(ptr %frame)
  ret void
}
define private i64 @promise(ptr %frame) {
  %at = call ptr @llvm.coro.promise(ptr %frame, i32 8, i1 false)
  %value = load i64, ptr %at
  ret i64 %value
}

define i32 @main() {
  call void @qi_coro_register_ops(ptr @resume, ptr @done, ptr @destroy, ptr @promise)
  %frame = call ptr @answer(i64 1)
  %future = call ptr @qi_coro_spawn(ptr %frame)
  %value = call i64 @qi_future_await_i64(ptr %future)
  %said = call i32 (ptr, ...) @printf(ptr @format, i64 %value)
  ret i32 0
}
