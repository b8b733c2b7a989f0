"""The tests of the WebSocket files, in this process."""
