from starlette.routing import BaseRoute


class Pages:
    def __init__(self, desk, people, sockets): ...
    def routes(self) -> list[BaseRoute]:
        return []
