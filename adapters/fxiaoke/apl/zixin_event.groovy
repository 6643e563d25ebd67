// 资信通知：记录变化时告诉 Zixin 重新读取。 Tells Zixin that a record changed; it reads it again.
// 绑定：流程管理 → 工作流，对象 @OBJECTS@，触发：新建、编辑、作废；动作：执行函数。
// Bind it to a workflow of each object, on creation, change and invalidation, as its action.
// 密钥：把下面的 HOOK 换成 hook 的内容，PASTE 换成 secrets.apl_key 的内容；能看到本函数的人就能看到它们，请定期更换。
// Put the content of hook in place of HOOK, and that of secrets.apl_key in place of PASTE. Who may
// read this function may read them.
String url = '@URL@'
String secret = 'PASTE'

Map record = context.data as Map
String timestamp = DateTime.now().toTimestamp().toString()
Map message = [
  ea: '@EA@',
  apiName: record['object_describe_api_name'],
  dataId: record['_id'],
  event: 'update',
  ts: DateTime.now().toTimestamp()
]
String text = Fx.json.toJson(message)
byte[] mac = Fx.crypto.SHA.sha256HMAC(secret, timestamp + '.' + text)
String signature = Fx.crypto.hex.encode(mac)

StringBody body = StringBody.builder().content(text).build()
Request request = Request.builder()
  .method('POST')
  .url(url)
  .timeout(5000)
  .retryCount(1)
  .header('Content-Type', 'application/json')
  .header('X-Credit-Timestamp', timestamp)
  .header('X-Credit-Signature', signature)
  .body(body)
  .build()
def (Boolean error, HttpResult result, String reason) = Fx.http.execute(request)
if (error || result.statusCode != 200) {
  log.error('zixin was not told: ' + reason)
} else {
  log.info('zixin was told')
}
