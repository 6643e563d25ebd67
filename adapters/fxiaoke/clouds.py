"""The platform's clouds: which host serves a tenant of each (fxiaoke 1.1). No call tells it."""

__all__ = ["CLOUDS"]

CLOUDS = {
    "fxiaoke": "https://open.fxiaoke.com",  # 纷享云
    "huawei": "https://open-hwcloud.fxiaoke.com",  # 华为云
    "aliyun": "https://open-ale.fxiaoke.com",  # 阿里云, formerly 钉钉云
    "frankfurt": "https://open-hws.fxiaoke.com",  # 法兰克福, formerly 海外 AWS
    "hongkong": "https://open-ksc.sharecrm.com",  # 香港华为
    "north_america": "https://open-na.sharecrm.com",  # 北美
}
