"""The OpenAPI document: requirements and schemas."""
