// Package appautoscaling simulates Application Auto Scaling of ECS services.
package appautoscaling
