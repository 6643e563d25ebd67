// 原生任务：为资信的逾期跟进任务建立纷享任务，资信关闭时一并取消。
// Makes a native task for each of Zixin's overdue tasks, and cancels it when Zixin closes its own.
// 绑定：流程管理 → 工作流，对象 @TASK@，触发：新建、编辑 @STATUS@；动作：执行函数。
// Bind it to a workflow of @TASK@, on creation and on change of @STATUS@, as its action.
Map record = context.data as Map
String recordId = record['_id'] as String
String nativeId = record['@NATIVE@'] as String
List closed = [@CLOSED@]

if (closed.contains(record['@STATUS@'] as String)) {
  if (nativeId) {
    Fx.work.cancelTask(nativeId)
  } else {
    log.info('there is no native task to cancel')
  }
  return
} else {
  log.info('the task is open')
}
if (nativeId) {
  log.info('there is a native task already')
  return
} else {
  log.info('there is no native task yet')
}

List people = record['@OWNER@'] as List
DateTime deadLine = DateTime.of(record['@DUE@'] as Long)
List objects = [
  [object_api_name: '@TASK@', id: recordId],
  [object_api_name: '@ACCOUNT_OBJECT@', id: record['@ACCOUNT@']]
]
String title = record['@SUBJECT@'] as String
String description = (record['@BODY@'] ?: title) as String
def (Boolean error, String taskId, String reason) = Fx.work.createTaskV2(title, description, deadLine, false, [users: people, departments: []], [users: [], departments: []], objects)
if (error) {
  log.error('no native task was made: ' + reason)
  return
} else {
  log.info(taskId)
}
def (Boolean failed, Map data, String why) = Fx.object.update('@TASK@', recordId, ['@NATIVE@': taskId], UpdateAttribute.builder().triggerWorkflow(false).build())
if (failed) {
  log.error('the number of the native task was not kept: ' + why)
} else {
  log.info('its number is kept: ' + data['_id'])
}
